using System.Globalization;
using Larder.Node.Panels;

namespace Larder.Tests.Node.Panels;

public sealed class CronScheduleTests
{
    [Theory]
    [InlineData("* * * * *", "2026-11-30 13:37:30", "2026-11-30 13:38")]
    [InlineData("* * * * *", "2026-12-31 23:59:59", "2027-01-01 00:00")]
    [InlineData("*/15 * * * *", "2026-11-30 13:37", "2026-11-30 13:45")]
    [InlineData("0 9 * * mon-fri", "2026-11-28 10:00", "2026-11-30 09:00")]
    [InlineData("30 8,20 * * *", "2026-11-30 08:30", "2026-11-30 20:30")]
    [InlineData("0 0 29 2 *", "2026-11-30 00:00", "2028-02-29 00:00")]
    [InlineData("0 0 29 2 *", "2096-03-01 00:00", "2104-02-29 00:00")]
    [InlineData("0 0 31 * *", "2026-11-30 00:00", "2026-12-31 00:00")]
    [InlineData("0 0 13 * 5", "2026-11-30 00:00", "2026-12-04 00:00")]
    [InlineData("0 0 * * 7", "2026-11-30 00:00", "2026-12-06 00:00")]
    [InlineData("0 0 * * SUN", "2026-11-30 00:00", "2026-12-06 00:00")]
    [InlineData("5/20 * * * *", "2026-11-30 00:06", "2026-11-30 00:25")]
    [InlineData("10-20/5 1 1 jan,jul *", "2026-11-30 00:00", "2027-01-01 01:10")]
    [InlineData("@daily", "2026-11-30 00:00", "2026-12-01 00:00")]
    [InlineData(" @hourly ", "2026-11-30 00:59", "2026-11-30 01:00")]
    public void The_next_time_is_the_first_minute_that_every_field_takes(string text, string from, string expected)
    {
        Assert.True(CronSchedule.TryParse(text, out var schedule));

        Assert.Equal(Time(expected), schedule.Next(Time(from)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("* * * *")]
    [InlineData("* * * * * *")]
    [InlineData("60 * * * *")]
    [InlineData("* 24 * * *")]
    [InlineData("* * 0 * *")]
    [InlineData("* * 32 * *")]
    [InlineData("* * * 13 *")]
    [InlineData("* * * * 8")]
    [InlineData("5-1 * * * *")]
    [InlineData("*/0 * * * *")]
    [InlineData("a * * * *")]
    [InlineData("-1 * * * *")]
    [InlineData("1- * * * *")]
    [InlineData("1,,2 * * * *")]
    [InlineData("* * * * mond")]
    [InlineData("0 0 30 2 *")]
    [InlineData("0 0 31 4,6,9,11 *")]
    [InlineData("@never")]
    public void What_is_no_schedule_or_never_comes_is_refused(string text) => Assert.False(CronSchedule.TryParse(text, out _));

    private static DateTimeOffset Time(string text) =>
        DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}
