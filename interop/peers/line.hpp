// The line protocol that all peers speak (interop/README.md): one command a line in, one answer a line out.

#ifndef INTEROP_LINE_HPP
#define INTEROP_LINE_HPP

#include <SFML/Network/Socket.hpp>

#include <unistd.h>

#include <cstddef>
#include <exception>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>

namespace line
{
using Arguments = std::istringstream;
using Commands  = std::map<std::string, std::string (*)(Arguments&)>;

// A test that is killed cannot end its peer; the peer then does it itself.
constexpr unsigned lifetime_in_seconds = 120;

inline const char* name(sf::Socket::Status status)
{
    switch (status)
    {
        case sf::Socket::Done:         return "done";
        case sf::Socket::NotReady:     return "not_ready";
        case sf::Socket::Partial:      return "partial";
        case sf::Socket::Disconnected: return "disconnected";
        case sf::Socket::Error:        return "error";
    }
    return "unknown";
}

// No bytes at all are a dash, so that an answer always splits at its spaces.
inline std::string hex(const void* data, std::size_t size)
{
    static const char* digits = "0123456789abcdef";
    if (size == 0)
        return "-";
    std::string text;
    text.reserve(2 * size);
    for (std::size_t i = 0; i < size; ++i)
    {
        const unsigned char byte = static_cast<const unsigned char*>(data)[i];
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

inline std::string hex(const std::string& bytes)
{
    return hex(bytes.data(), bytes.size());
}

inline int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    throw std::invalid_argument("not a hexadecimal digit");
}

inline std::string unhex(const std::string& text)
{
    std::string bytes;
    if (text == "-")
        return bytes;
    if (text.size() % 2 != 0)
        throw std::invalid_argument("half a byte");
    bytes.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2)
        bytes += static_cast<char>(digit(text[i]) * 16 + digit(text[i + 1]));
    return bytes;
}

template <typename T>
T next(Arguments& arguments)
{
    T value;
    if (!(arguments >> value))
        throw std::invalid_argument("an argument is missing or of the wrong kind");
    return value;
}

inline int serve(const Commands& commands)
{
    alarm(lifetime_in_seconds);
    std::string text;
    while (std::getline(std::cin, text))
    {
        Arguments   arguments(text);
        std::string command;
        arguments >> command;
        const auto found = commands.find(command);
        try
        {
            if (found == commands.end())
                throw std::invalid_argument("no such command");
            std::cout << found->second(arguments) << std::endl;
        }
        catch (const std::exception& failure)
        {
            std::cout << "failed " << command << ": " << failure.what() << std::endl;
        }
    }
    return 0;
}
} // namespace line

#endif
