#include "bench.hpp"

#include <unistd.h>

#include <memory>
#include <vector>

namespace
{
// `count` accepted non-blocking sockets in a selector, and the plain sockets at their other ends.
struct Watched
{
    sf::SocketSelector selector;
    std::vector<std::unique_ptr<sf::TcpSocket>> sockets;
    std::vector<int> peers;

    explicit Watched(std::size_t count)
    {
        sf::TcpListener listener;
        expect(listener.listen(sf::Socket::AnyPort, sf::IpAddress::LocalHost));
        for (std::size_t i = 0; i < count; ++i)
        {
            peers.push_back(connectPeer(listener.getLocalPort()));
            sockets.push_back(std::make_unique<sf::TcpSocket>());
            expect(listener.accept(*sockets.back()));
            sockets.back()->setBlocking(false);
            selector.add(*sockets.back());
        }
    }

    ~Watched()
    {
        for (const int peer : peers)
            close(peer);
    }

    void write(std::size_t index) const
    {
        const char data[small] = {7};
        expect(::write(peers[index], data, small) == static_cast<ssize_t>(small), "a write was cut");
    }

    // Waits and asks one socket after the other.
    std::size_t find()
    {
        expect(selector.wait(), "wait found nothing");
        std::size_t ready = 0;
        while (ready < sockets.size() && !selector.isReady(*sockets[ready]))
            ++ready;
        return ready;
    }
};

// The same pseudo-random order as the Rust contestants'.
struct Order
{
    std::uint64_t state = 1;
    std::uint64_t count;

    std::size_t next()
    {
        state = state * 6364136223846793005u + 1442695040888963407u;
        return static_cast<std::size_t>((state >> 33) * count >> 31);
    }
};
} // namespace

void selectorRound(std::size_t count)
{
    Watched watched(count);
    Order order{1, count};
    serve(1, [&](std::uint64_t operations) {
        for (std::uint64_t i = 0; i < operations; ++i)
        {
            const std::size_t chosen = order.next();
            watched.write(chosen);
            const std::size_t ready = watched.find();
            expect(ready == chosen, "another socket was ready");
            char buffer[small];
            std::size_t received = 0;
            expect(watched.sockets[ready]->receive(buffer, small, received));
            expect(received == small, "a message was cut");
        }
    });
}

void selectorUdpRound(std::size_t count)
{
    sf::SocketSelector selector;
    std::vector<std::unique_ptr<sf::UdpSocket>> sockets;
    for (std::size_t i = 0; i < count; ++i)
    {
        sockets.push_back(std::make_unique<sf::UdpSocket>());
        expect(sockets.back()->bind(sf::Socket::AnyPort, sf::IpAddress::LocalHost));
        sockets.back()->setBlocking(false);
        selector.add(*sockets.back());
    }
    std::vector<unsigned short> ports;
    for (const auto& socket : sockets)
        ports.push_back(socket->getLocalPort());
    sf::UdpSocket peer;
    expect(peer.bind(sf::Socket::AnyPort, sf::IpAddress::LocalHost));

    Order order{1, count};
    serve(1, [&](std::uint64_t operations) {
        for (std::uint64_t i = 0; i < operations; ++i)
        {
            const std::size_t chosen = order.next();
            const char data[small] = {7};
            expect(peer.send(data, small, sf::IpAddress::LocalHost, ports[chosen]));
            expect(selector.wait(), "wait found nothing");
            std::size_t ready = 0;
            while (ready < count && !selector.isReady(*sockets[ready]))
                ++ready;
            expect(ready == chosen, "another socket was ready");
            char buffer[small];
            std::size_t received = 0;
            sf::IpAddress address;
            unsigned short port = 0;
            expect(sockets[ready]->receive(buffer, small, received, address, port));
            expect(received == small, "a datagram has the wrong size");
        }
    });
}

void find(std::size_t count)
{
    Watched watched(count);
    watched.write(count - 1);
    serve(1, [&](std::uint64_t operations) {
        for (std::uint64_t i = 0; i < operations; ++i)
            expect(watched.find() == count - 1, "another socket was ready");
    });
}

void isReady(std::size_t count)
{
    Watched watched(count);
    watched.write(count - 1);
    expect(watched.selector.wait(), "wait found nothing");
    serve(count, [&](std::uint64_t operations) {
        for (std::uint64_t done = 0; done < operations; done += count)
        {
            std::size_t ready = 0;
            for (const auto& socket : watched.sockets)
                ready += watched.selector.isReady(*socket) ? 1 : 0;
            expect(ready == 1, "not exactly one socket is ready");
        }
    });
}

// SFML 2 cannot poll: a limit of zero is no limit, so the shortest limit it has is used.
void emptyWait()
{
    Watched watched(1);
    serve(1, [&](std::uint64_t operations) {
        for (std::uint64_t i = 0; i < operations; ++i)
            expect(!watched.selector.wait(sf::microseconds(1)), "something came where nothing was sent");
    });
}
