// A TCP peer made of SFML's own sockets: one listener and one connection, told what to do line by line.

#include "line.hpp"
#include "packet_items.hpp"

#include <SFML/Network/IpAddress.hpp>
#include <SFML/Network/TcpListener.hpp>
#include <SFML/Network/TcpSocket.hpp>

#include <sys/socket.h>

#include <string>
#include <vector>

namespace
{
class Connection : public sf::TcpSocket
{
public:
    // SFML has no option for it: closing with a linger time of zero sends a reset.
    void reset()
    {
        const linger none = {1, 0};
        if (setsockopt(getHandle(), SOL_SOCKET, SO_LINGER, &none, sizeof(none)) != 0)
            throw std::runtime_error("SO_LINGER was refused");
        disconnect();
    }
};

sf::TcpListener listener;
Connection      connection;

std::string listen(line::Arguments&)
{
    const sf::Socket::Status status = listener.listen(sf::Socket::AnyPort, sf::IpAddress::LocalHost);
    return std::string(line::name(status)) + " " + std::to_string(listener.getLocalPort());
}

std::string close(line::Arguments&)
{
    listener.close();
    return "done";
}

std::string accept(line::Arguments&)
{
    connection.setBlocking(true);
    return line::name(listener.accept(connection));
}

std::string connect(line::Arguments& arguments)
{
    const sf::IpAddress address(line::next<std::string>(arguments));
    const auto          port = line::next<unsigned short>(arguments);
    connection.setBlocking(true);
    return line::name(connection.connect(address, port));
}

std::string blocking(line::Arguments& arguments)
{
    connection.setBlocking(line::next<std::string>(arguments) == "on");
    return "done";
}

std::string addresses(line::Arguments&)
{
    return "done " + std::to_string(connection.getLocalPort()) + " " + connection.getRemoteAddress().toString() + " " +
           std::to_string(connection.getRemotePort());
}

std::string send(line::Arguments& arguments)
{
    const std::string        bytes  = line::unhex(line::next<std::string>(arguments));
    std::size_t              sent   = 0;
    const sf::Socket::Status status = connection.send(bytes.data(), bytes.size(), sent);
    if (status != sf::Socket::Done && status != sf::Socket::Partial)
        return line::name(status);
    return std::string(line::name(status)) + " " + std::to_string(sent);
}

// Every byte by a call of its own.
std::string dribble(line::Arguments& arguments)
{
    const std::string  bytes  = line::unhex(line::next<std::string>(arguments));
    sf::Socket::Status status = sf::Socket::Done;
    for (std::size_t i = 0; i < bytes.size() && status == sf::Socket::Done; ++i)
        status = connection.send(&bytes[i], 1);
    return line::name(status);
}

std::string receive(line::Arguments& arguments)
{
    std::vector<char>        buffer(line::next<std::size_t>(arguments));
    std::size_t              received = 0;
    const sf::Socket::Status status   = connection.receive(buffer.data(), buffer.size(), received);
    if (status != sf::Socket::Done)
        return line::name(status);
    return std::string(line::name(status)) + " " + line::hex(buffer.data(), received);
}

std::string receive_exactly(line::Arguments& arguments)
{
    std::vector<char>  buffer(line::next<std::size_t>(arguments));
    std::size_t        filled = 0;
    sf::Socket::Status status = sf::Socket::Done;
    while (filled < buffer.size() && status == sf::Socket::Done)
    {
        std::size_t received = 0;
        status = connection.receive(buffer.data() + filled, buffer.size() - filled, received);
        filled += received;
    }
    return std::string(line::name(status)) + " " + line::hex(buffer.data(), filled);
}

// Gives back so many bytes as they come.
std::string echo(line::Arguments& arguments)
{
    const auto         total  = line::next<std::size_t>(arguments);
    std::size_t        echoed = 0;
    std::vector<char>  buffer(64 * 1024);
    sf::Socket::Status status = sf::Socket::Done;
    while (echoed < total && status == sf::Socket::Done)
    {
        std::size_t received = 0;
        status = connection.receive(buffer.data(), buffer.size(), received);
        if (status == sf::Socket::Done)
            status = connection.send(buffer.data(), received);
        echoed += received;
    }
    return std::string(line::name(status)) + " " + std::to_string(echoed);
}

std::string send_packet(line::Arguments& arguments)
{
    sf::Packet        packet = items::write_all(arguments);
    const std::string bytes  = line::hex(packet.getData(), packet.getDataSize());
    return std::string(line::name(connection.send(packet))) + " " + bytes;
}

std::string receive_packet(line::Arguments& arguments)
{
    sf::Packet               packet;
    const sf::Socket::Status status = connection.receive(packet);
    if (status != sf::Socket::Done)
        return line::name(status);
    return "done " + items::read_all(packet, arguments);
}

std::string disconnect(line::Arguments&)
{
    connection.disconnect();
    return "done";
}

std::string reset(line::Arguments&)
{
    connection.reset();
    return "done";
}
} // namespace

int main()
{
    return line::serve({
        {"listen", listen},
        {"close", close},
        {"accept", accept},
        {"connect", connect},
        {"blocking", blocking},
        {"addresses", addresses},
        {"send", send},
        {"dribble", dribble},
        {"receive", receive},
        {"receive_exactly", receive_exactly},
        {"echo", echo},
        {"send_packet", send_packet},
        {"receive_packet", receive_packet},
        {"disconnect", disconnect},
        {"reset", reset},
    });
}
