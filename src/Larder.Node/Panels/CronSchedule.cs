using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;

namespace Larder.Node.Panels;

/// <summary>A schedule of five fields: minute, hour, day of the month, month, day of the week; in UTC. Immutable.</summary>
/// <remarks>
/// Fields take <c>*</c>, numbers, ranges, lists, steps and English names; Sunday is 0 and 7. When neither day field is
/// <c>*</c>, a day that matches either counts. Source: crontab(5).
/// </remarks>
internal sealed class CronSchedule
{
    // Every schedule that can be met at all is met within two leap years, which may be eight years apart.
    private const int DaysAhead = (8 * 366) + 1;

    private static readonly string[] MonthNames = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    private static readonly string[] DayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    private readonly ulong _minutes;
    private readonly ulong _hours;
    private readonly ulong _monthDays;
    private readonly ulong _months;
    private readonly ulong _weekDays;
    private readonly bool _isEitherDay;

    private CronSchedule(ulong minutes, ulong hours, ulong monthDays, ulong months, ulong weekDays, bool isEitherDay)
    {
        _minutes = minutes;
        _hours = hours;
        _monthDays = monthDays;
        _months = months;
        _weekDays = weekDays;
        _isEitherDay = isEitherDay;
    }

    /// <summary>Reads the five fields, or <c>@hourly</c>, <c>@daily</c>, <c>@weekly</c>, <c>@monthly</c>, <c>@yearly</c>.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out CronSchedule? schedule)
    {
        schedule = null;
        var fields = (text.Trim() switch
        {
            "@hourly" => "0 * * * *",
            "@daily" or "@midnight" => "0 0 * * *",
            "@weekly" => "0 0 * * 0",
            "@monthly" => "0 0 1 * *",
            "@yearly" or "@annually" => "0 0 1 1 *",
            var other => other,
        }).Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length != 5
            || Set(fields[0], 0, 59, [], 0) is not { } minutes
            || Set(fields[1], 0, 23, [], 0) is not { } hours
            || Set(fields[2], 1, 31, [], 0) is not { } monthDays
            || Set(fields[3], 1, 12, MonthNames, 1) is not { } months
            || Set(fields[4], 0, 7, DayNames, 0) is not { } weekDays)
        {
            return false;
        }

        weekDays = (weekDays | (weekDays >> 7)) & 0x7F;
        var made = new CronSchedule(
            minutes, hours, monthDays, months, weekDays, !fields[2].StartsWith('*') && !fields[4].StartsWith('*'));
        schedule = made.Next(DateTimeOffset.UnixEpoch) is null ? null : made;
        return schedule is not null;
    }

    /// <summary>The first minute after <paramref name="time"/> that the schedule names; null when there never is one.</summary>
    public DateTimeOffset? Next(DateTimeOffset time)
    {
        var from = time.UtcDateTime;
        var next = new DateTime(from.Year, from.Month, from.Day, from.Hour, from.Minute, 0, DateTimeKind.Utc).AddMinutes(1);
        for (var days = 0; days <= DaysAhead; days++)
        {
            if (IsDay(next))
            {
                for (var hour = next.Hour; hour < 24; hour++)
                {
                    var minutes = hour == next.Hour ? _minutes >> next.Minute << next.Minute : _minutes;
                    if ((_hours >> hour & 1) == 1 && minutes != 0)
                    {
                        return new DateTimeOffset(next.Date.AddHours(hour).AddMinutes(BitOperations.TrailingZeroCount(minutes)), TimeSpan.Zero);
                    }
                }
            }

            next = next.Date.AddDays(1);
        }

        return null;
    }

    private bool IsDay(DateTime day)
    {
        if ((_months >> day.Month & 1) == 0)
        {
            return false;
        }

        var isMonthDay = (_monthDays >> day.Day & 1) == 1;
        var isWeekDay = (_weekDays >> (int)day.DayOfWeek & 1) == 1;
        return _isEitherDay ? isMonthDay || isWeekDay : isMonthDay && isWeekDay;
    }

    private static ulong? Set(string field, int least, int most, string[] names, int firstName)
    {
        ulong set = 0;
        foreach (var part in field.Split(','))
        {
            var slash = part.IndexOf('/', StringComparison.Ordinal);
            var range = slash < 0 ? part : part[..slash];
            var step = 1;
            if (slash >= 0
                && (!int.TryParse(part.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out step) || step is 0 or > 60))
            {
                return null;
            }

            if (!TryRange(range, least, most, names, firstName, hasStep: slash >= 0, out var first, out var last))
            {
                return null;
            }

            for (var value = first; value <= last; value += step)
            {
                set |= 1UL << value;
            }
        }

        return set;
    }

    private static bool TryRange(
        string text, int least, int most, string[] names, int firstName, bool hasStep, out int first, out int last)
    {
        first = least;
        last = most;
        if (text == "*")
        {
            return true;
        }

        var dash = text.IndexOf('-', StringComparison.Ordinal);
        if (!TryValue(dash < 0 ? text : text[..dash], names, firstName, out first))
        {
            return false;
        }

        // A step that begins at a number goes on to the end.
        last = hasStep ? most : first;
        return (dash < 0 || TryValue(text[(dash + 1)..], names, firstName, out last)) && first >= least && last <= most && first <= last;
    }

    private static bool TryValue(string text, string[] names, int firstName, out int value)
    {
        value = Array.FindIndex(names, name => name.Equals(text, StringComparison.OrdinalIgnoreCase)) + firstName;
        return value >= firstName && names.Length > 0 && char.IsLetter(text.FirstOrDefault())
            || int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }
}
