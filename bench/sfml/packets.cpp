#include "bench.hpp"

#include <thread>
#include <vector>

namespace
{
sf::Packet message()
{
    sf::Packet packet;
    const std::vector<char> data(small, 7);
    packet.append(data.data(), data.size());
    return packet;
}

void receive(sf::TcpSocket& socket, sf::Packet& packet)
{
    expect(socket.receive(packet));
    expect(packet.getDataSize() == small, "a packet has the wrong size");
}
} // namespace

void packets()
{
    sf::TcpSocket near, far;
    connectPair(near, far);
    sf::Packet outgoing = message();
    sf::Packet incoming;
    serve(burst, [&](std::uint64_t operations) {
        for (std::uint64_t done = 0; done < operations; done += burst)
        {
            for (std::uint64_t i = 0; i < burst; ++i)
                expect(near.send(outgoing));
            for (std::uint64_t i = 0; i < burst; ++i)
                receive(far, incoming);
        }
    });
}

void packetsBeside()
{
    sf::TcpSocket near, far;
    connectPair(near, far);
    sf::Packet outgoing = message();
    sf::Packet incoming;
    serve(burst, [&](std::uint64_t operations) {
        std::thread sender([&] {
            pin(Core::Peer);
            for (std::uint64_t i = 0; i < operations; ++i)
                expect(near.send(outgoing));
        });
        for (std::uint64_t i = 0; i < operations; ++i)
            receive(far, incoming);
        sender.join();
    });
}
