#include "bench.hpp"

#include <thread>
#include <vector>

namespace
{
void receiveAll(sf::TcpSocket& socket, std::vector<char>& buffer, std::uint64_t wanted)
{
    std::uint64_t total = 0;
    while (total < wanted)
    {
        std::size_t received = 0;
        expect(socket.receive(buffer.data(), buffer.size(), received));
        total += received;
    }
    expect(total == wanted, "more came than was sent");
}
} // namespace

void tcpBulk()
{
    sf::TcpSocket near, far;
    connectPair(near, far);
    const std::vector<char> data(bulk, 7);
    std::vector<char> buffer(bulk);
    serve(1, [&](std::uint64_t operations) {
        for (std::uint64_t i = 0; i < operations; ++i)
        {
            expect(near.send(data.data(), data.size()));
            receiveAll(far, buffer, bulk);
        }
    });
}

void tcpBulkBeside()
{
    sf::TcpSocket near, far;
    connectPair(near, far);
    const std::vector<char> data(bulk, 7);
    std::vector<char> buffer(bulk);
    serve(1, [&](std::uint64_t operations) {
        std::thread sender([&] {
            pin(Core::Peer);
            for (std::uint64_t i = 0; i < operations; ++i)
                expect(near.send(data.data(), data.size()));
        });
        receiveAll(far, buffer, operations * bulk);
        sender.join();
    });
}

void tcpPingPong()
{
    sf::TcpSocket near, far;
    connectPair(near, far);
    const std::vector<char> data(small, 7);
    std::vector<char> buffer(bulk);
    serve(1, [&](std::uint64_t operations) {
        for (std::uint64_t i = 0; i < operations; ++i)
        {
            expect(near.send(data.data(), data.size()));
            receiveAll(far, buffer, small);
            expect(far.send(data.data(), data.size()));
            receiveAll(near, buffer, small);
        }
    });
}

void tcpPingPongBeside()
{
    sf::TcpSocket near, far;
    connectPair(near, far);
    const std::vector<char> data(small, 7);
    std::vector<char> nearBuffer(bulk), farBuffer(bulk);
    serve(1, [&](std::uint64_t operations) {
        std::thread echo([&] {
            pin(Core::Peer);
            for (std::uint64_t i = 0; i < operations; ++i)
            {
                receiveAll(far, farBuffer, small);
                expect(far.send(data.data(), data.size()));
            }
        });
        for (std::uint64_t i = 0; i < operations; ++i)
        {
            expect(near.send(data.data(), data.size()));
            receiveAll(near, nearBuffer, small);
        }
        echo.join();
    });
}

void emptyTcpReceive()
{
    sf::TcpSocket near, far;
    connectPair(near, far);
    near.setBlocking(false);
    std::vector<char> buffer(bulk);
    serve(1, [&](std::uint64_t operations) {
        for (std::uint64_t i = 0; i < operations; ++i)
        {
            std::size_t received = 0;
            expect(near.receive(buffer.data(), buffer.size(), received) == sf::Socket::NotReady,
                   "something came where nothing was sent");
        }
    });
}
