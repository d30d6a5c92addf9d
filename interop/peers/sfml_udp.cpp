// A UDP peer made of SFML's own socket, told what to do line by line.

#include "line.hpp"
#include "packet_items.hpp"

#include <SFML/Network/IpAddress.hpp>
#include <SFML/Network/UdpSocket.hpp>

#include <string>
#include <vector>

namespace
{
sf::UdpSocket endpoint;

std::string bind(line::Arguments&)
{
    const sf::Socket::Status status = endpoint.bind(sf::Socket::AnyPort, sf::IpAddress::LocalHost);
    return std::string(line::name(status)) + " " + std::to_string(endpoint.getLocalPort());
}

std::string unbind(line::Arguments&)
{
    endpoint.unbind();
    return "done";
}

std::string blocking(line::Arguments& arguments)
{
    endpoint.setBlocking(line::next<std::string>(arguments) == "on");
    return "done";
}

std::string send(line::Arguments& arguments)
{
    const sf::IpAddress address(line::next<std::string>(arguments));
    const auto          port  = line::next<unsigned short>(arguments);
    const std::string   bytes = line::unhex(line::next<std::string>(arguments));
    return line::name(endpoint.send(bytes.data(), bytes.size(), address, port));
}

std::string receive(line::Arguments& arguments)
{
    std::vector<char>        buffer(line::next<std::size_t>(arguments));
    std::size_t              received = 0;
    sf::IpAddress            address;
    unsigned short           port   = 0;
    const sf::Socket::Status status = endpoint.receive(buffer.data(), buffer.size(), received, address, port);
    if (status != sf::Socket::Done)
        return line::name(status);
    return "done " + address.toString() + " " + std::to_string(port) + " " + line::hex(buffer.data(), received);
}

std::string send_packet(line::Arguments& arguments)
{
    const sf::IpAddress address(line::next<std::string>(arguments));
    const auto          port   = line::next<unsigned short>(arguments);
    sf::Packet          packet = items::write_all(arguments);
    const std::string   bytes  = line::hex(packet.getData(), packet.getDataSize());
    return std::string(line::name(endpoint.send(packet, address, port))) + " " + bytes;
}

std::string receive_packet(line::Arguments& arguments)
{
    sf::Packet               packet;
    sf::IpAddress            address;
    unsigned short           port   = 0;
    const sf::Socket::Status status = endpoint.receive(packet, address, port);
    if (status != sf::Socket::Done)
        return line::name(status);
    return "done " + address.toString() + " " + std::to_string(port) + " " + items::read_all(packet, arguments);
}
} // namespace

int main()
{
    return line::serve({
        {"bind", bind},
        {"unbind", unbind},
        {"blocking", blocking},
        {"send", send},
        {"receive", receive},
        {"send_packet", send_packet},
        {"receive_packet", receive_packet},
    });
}
