#include "bench.hpp"

#include <memory>
#include <thread>
#include <vector>

namespace
{
// The buffers of the other contestants begin where a page does, too: how fast the system copies depends on it.
struct Buffer
{
    alignas(4096) char bytes[bulk];
};

void receiveAll(sf::TcpSocket& socket, Buffer& buffer, std::uint64_t wanted)
{
    std::uint64_t total = 0;
    while (total < wanted)
    {
        std::size_t received = 0;
        expect(socket.receive(buffer.bytes, bulk, received));
        total += received;
    }
    expect(total == wanted, "more came than was sent");
}
} // namespace

void tcpBulk()
{
    sf::TcpSocket near, far;
    connectPair(near, far);
    const auto data = std::make_unique<Buffer>(), buffer = std::make_unique<Buffer>();
    serve(1, [&](std::uint64_t operations) {
        for (std::uint64_t i = 0; i < operations; ++i)
        {
            expect(near.send(data->bytes, bulk));
            receiveAll(far, *buffer, bulk);
        }
    });
}

void tcpBulkBeside()
{
    sf::TcpSocket near, far;
    connectPair(near, far);
    const auto data = std::make_unique<Buffer>(), buffer = std::make_unique<Buffer>();
    serve(1, [&](std::uint64_t operations) {
        std::thread sender([&] {
            pin(Core::Peer);
            for (std::uint64_t i = 0; i < operations; ++i)
                expect(near.send(data->bytes, bulk));
        });
        receiveAll(far, *buffer, operations * bulk);
        sender.join();
    });
}

void tcpPingPong()
{
    sf::TcpSocket near, far;
    connectPair(near, far);
    const std::vector<char> data(small, 7);
    const auto buffer = std::make_unique<Buffer>();
    serve(1, [&](std::uint64_t operations) {
        for (std::uint64_t i = 0; i < operations; ++i)
        {
            expect(near.send(data.data(), data.size()));
            receiveAll(far, *buffer, small);
            expect(far.send(data.data(), data.size()));
            receiveAll(near, *buffer, small);
        }
    });
}

void tcpPingPongBeside()
{
    sf::TcpSocket near, far;
    connectPair(near, far);
    const std::vector<char> data(small, 7);
    const auto nearBuffer = std::make_unique<Buffer>(), farBuffer = std::make_unique<Buffer>();
    serve(1, [&](std::uint64_t operations) {
        std::thread echo([&] {
            pin(Core::Peer);
            for (std::uint64_t i = 0; i < operations; ++i)
            {
                receiveAll(far, *farBuffer, small);
                expect(far.send(data.data(), data.size()));
            }
        });
        for (std::uint64_t i = 0; i < operations; ++i)
        {
            expect(near.send(data.data(), data.size()));
            receiveAll(near, *nearBuffer, small);
        }
        echo.join();
    });
}

void emptyTcpReceive()
{
    sf::TcpSocket near, far;
    connectPair(near, far);
    near.setBlocking(false);
    const auto buffer = std::make_unique<Buffer>();
    serve(1, [&](std::uint64_t operations) {
        for (std::uint64_t i = 0; i < operations; ++i)
        {
            std::size_t received = 0;
            expect(near.receive(buffer->bytes, bulk, received) == sf::Socket::NotReady,
                   "something came where nothing was sent");
        }
    });
}
