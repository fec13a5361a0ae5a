using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Larder.Node.Transport;
using Microsoft.Win32.SafeHandles;

namespace Larder.Tests.Node;

public sealed class SocketOutputTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();
    private readonly Socket _client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Socket _server;

    public SocketOutputTests()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        _client.Connect(listener.LocalEndPoint!); // Bound just above.
        _server = listener.Accept();
    }

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
        File.Delete(_path);
    }

    [Fact]
    public async Task Written_bytes_and_parts_of_files_arrive_in_order()
    {
        var file = Fill(300_000);
        using var handle = File.OpenHandle(_path);
        using var output = new SocketOutput(_server, static () => { });
        var receiving = ReceiveAsync(3 + 200_000 + 4);

        output.Write("abc"u8);
        await output.FlushAsync();
        output.Attach(handle, 50_000);
        output.GetMemory();
        output.Advance(200_000);
        await output.FlushAsync();
        output.Detach();
        output.Write("wxyz"u8);
        await output.FlushAsync();
        var received = await receiving;

        Assert.Equal("abc"u8.ToArray(), received[..3]);
        Assert.Equal(file[50_000..250_000], received[3..200_003]);
        Assert.Equal("wxyz"u8.ToArray(), received[200_003..]);
        Assert.Equal(0, output.UnflushedBytes);
    }

    [Fact]
    public async Task A_slow_reader_gets_every_byte()
    {
        var file = Fill(20_000_000);
        _server.SendBufferSize = 32 * 1024;
        _client.ReceiveBufferSize = 32 * 1024;
        using var handle = File.OpenHandle(_path);
        using var output = new SocketOutput(_server, static () => { });

        output.Attach(handle, 0);
        output.Advance(file.Length);
        var sending = output.FlushAsync().AsTask();
        await Task.Delay(50);
        Assert.False(sending.IsCompleted);
        var received = await ReceiveAsync(file.Length);

        Assert.False((await sending).IsCompleted);
        Assert.True(file.AsSpan().SequenceEqual(received));
    }

    [Fact]
    public async Task What_is_larger_than_a_buffer_is_gathered_whole()
    {
        var bytes = new byte[1_000_000];
        new Random(1).NextBytes(bytes);
        using var output = new SocketOutput(_server, static () => { });
        var receiving = ReceiveAsync(bytes.Length);

        for (var i = 0; i < bytes.Length; i += 10_000)
        {
            output.Write(bytes.AsSpan(i, 10_000));
        }

        Assert.Equal(bytes.Length, output.UnflushedBytes);
        await output.FlushAsync();
        var received = await receiving;

        Assert.True(bytes.AsSpan().SequenceEqual(received));
    }

    [Fact]
    public async Task A_reader_that_leaves_completes_the_flush()
    {
        Fill(20_000_000);
        using var handle = File.OpenHandle(_path);
        using var output = new SocketOutput(_server, static () => { });
        output.Attach(handle, 0);
        output.Advance(20_000_000);
        var sending = output.FlushAsync().AsTask();

        _client.LingerState = new LingerOption(true, 0);
        _client.Close();

        Assert.True((await sending.WaitAsync(TimeSpan.FromSeconds(10))).IsCompleted);
        Assert.True((await output.FlushAsync()).IsCompleted || output.UnflushedBytes == 0);
    }

    [Fact]
    public async Task A_file_that_became_shorter_is_an_error_and_not_an_endless_loop()
    {
        Fill(1000);
        using var handle = File.OpenHandle(_path);
        using var output = new SocketOutput(_server, static () => { });
        output.Attach(handle, 0);
        output.Advance(2000);

        Assert.True((await output.FlushAsync()).IsCompleted);
        Assert.NotNull(output.FileFailure);
    }

    [Fact]
    public void A_file_is_not_attached_behind_bytes_that_wait()
    {
        using var handle = new SafeFileHandle();
        using var output = new SocketOutput(_server, static () => { });
        output.Write("abc"u8);

        Assert.Throws<InvalidOperationException>(() => output.Attach(handle, 0));
    }

    private byte[] Fill(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        File.WriteAllBytes(_path, bytes);
        return bytes;
    }

    private async Task<byte[]> ReceiveAsync(int length)
    {
        var bytes = new byte[length];
        for (var received = 0; received < length;)
        {
            var count = await _client.ReceiveAsync(bytes.AsMemory(received), SocketFlags.None);
            Assert.NotEqual(0, count);
            received += count;
        }

        return bytes;
    }
}
