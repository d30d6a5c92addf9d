#include "bench.hpp"

#include <thread>
#include <vector>

namespace
{
void bindPair(sf::UdpSocket& near, sf::UdpSocket& far)
{
    expect(near.bind(sf::Socket::AnyPort, sf::IpAddress::LocalHost));
    expect(far.bind(sf::Socket::AnyPort, sf::IpAddress::LocalHost));
}

void send(sf::UdpSocket& socket, const std::vector<char>& data, unsigned short port)
{
    expect(socket.send(data.data(), data.size(), sf::IpAddress::LocalHost, port));
}

void receive(sf::UdpSocket& socket, std::vector<char>& buffer)
{
    std::size_t received = 0;
    sf::IpAddress address;
    unsigned short port = 0;
    expect(socket.receive(buffer.data(), buffer.size(), received, address, port));
    expect(received == small, "a datagram has the wrong size");
}
} // namespace

void udpSend()
{
    sf::UdpSocket near, far;
    bindPair(near, far);
    const std::vector<char> data(small, 7);
    const unsigned short port = far.getLocalPort();
    serve(1, [&](std::uint64_t operations) {
        for (std::uint64_t i = 0; i < operations; ++i)
            send(near, data, port);
    });
}

void udpPingPong()
{
    sf::UdpSocket near, far;
    bindPair(near, far);
    const std::vector<char> data(small, 7);
    std::vector<char> buffer(bulk);
    const unsigned short nearPort = near.getLocalPort();
    const unsigned short farPort = far.getLocalPort();
    serve(1, [&](std::uint64_t operations) {
        for (std::uint64_t i = 0; i < operations; ++i)
        {
            send(near, data, farPort);
            receive(far, buffer);
            send(far, data, nearPort);
            receive(near, buffer);
        }
    });
}

void udpPingPongBeside()
{
    sf::UdpSocket near, far;
    bindPair(near, far);
    const std::vector<char> data(small, 7);
    std::vector<char> nearBuffer(bulk), farBuffer(bulk);
    const unsigned short nearPort = near.getLocalPort();
    const unsigned short farPort = far.getLocalPort();
    serve(1, [&](std::uint64_t operations) {
        std::thread echo([&] {
            pin(Core::Peer);
            for (std::uint64_t i = 0; i < operations; ++i)
            {
                receive(far, farBuffer);
                send(far, data, nearPort);
            }
        });
        for (std::uint64_t i = 0; i < operations; ++i)
        {
            send(near, data, farPort);
            receive(near, nearBuffer);
        }
        echo.join();
    });
}

void udpBursts()
{
    sf::UdpSocket near, far;
    bindPair(near, far);
    const std::vector<char> data(small, 7);
    std::vector<char> buffer(bulk);
    const unsigned short port = far.getLocalPort();
    serve(burst, [&](std::uint64_t operations) {
        for (std::uint64_t done = 0; done < operations; done += burst)
        {
            for (std::uint64_t i = 0; i < burst; ++i)
                send(near, data, port);
            for (std::uint64_t i = 0; i < burst; ++i)
                receive(far, buffer);
        }
    });
}

void emptyUdpReceive()
{
    sf::UdpSocket near, far;
    bindPair(near, far);
    near.setBlocking(false);
    std::vector<char> buffer(bulk);
    serve(1, [&](std::uint64_t operations) {
        for (std::uint64_t i = 0; i < operations; ++i)
        {
            std::size_t received = 0;
            sf::IpAddress address;
            unsigned short port = 0;
            expect(near.receive(buffer.data(), buffer.size(), received, address, port) == sf::Socket::NotReady,
                   "something came where nothing was sent");
        }
    });
}
