// The values of an sf::Packet as words, `kind:value`: numbers in decimal, floats as their bits in hexadecimal,
// narrow text as bytes in hexadecimal, wide text as its units in hexadecimal with commas between.

#ifndef INTEROP_PACKET_ITEMS_HPP
#define INTEROP_PACKET_ITEMS_HPP

#include "line.hpp"

#include <SFML/Network/Packet.hpp>
#include <SFML/System/String.hpp>

#include <cstring>
#include <iomanip>
#include <limits>
#include <string>
#include <vector>

namespace items
{
template <typename Integer>
Integer number(const std::string& text)
{
    // Through the widest integers: a stream reads an Int8 as a character.
    if (std::numeric_limits<Integer>::is_signed)
        return static_cast<Integer>(std::stoll(text));
    return static_cast<Integer>(std::stoull(text));
}

template <typename Float, typename Bits>
Float from_bits(const std::string& text)
{
    const Bits bits = static_cast<Bits>(std::stoull(text, nullptr, 16));
    Float      value;
    static_assert(sizeof(value) == sizeof(bits), "the float has other bits");
    std::memcpy(&value, &bits, sizeof(value));
    return value;
}

template <typename Bits, typename Float>
std::string to_bits(Float value)
{
    Bits bits;
    static_assert(sizeof(value) == sizeof(bits), "the float has other bits");
    std::memcpy(&bits, &value, sizeof(bits));
    std::ostringstream text;
    text << std::hex << std::setfill('0') << std::setw(2 * sizeof(bits)) << bits;
    return text.str();
}

template <typename String>
String from_units(const std::string& text)
{
    String wide;
    if (text == "-")
        return wide;
    std::istringstream stream(text);
    for (std::string unit; std::getline(stream, unit, ',');)
        wide += static_cast<wchar_t>(std::stoul(unit, nullptr, 16));
    return wide;
}

template <typename Iterator>
std::string to_units(Iterator begin, Iterator end)
{
    if (begin == end)
        return "-";
    std::ostringstream text;
    text << std::hex;
    for (Iterator unit = begin; unit != end; ++unit)
        text << (unit == begin ? "" : ",") << static_cast<sf::Uint32>(*unit);
    return text.str();
}

inline void write(sf::Packet& packet, const std::string& item)
{
    const std::size_t colon = item.find(':');
    if (colon == std::string::npos)
        throw std::invalid_argument("an item without a value: " + item);
    const std::string kind  = item.substr(0, colon);
    const std::string value = item.substr(colon + 1);

    if (kind == "bool")          packet << (value == "1");
    else if (kind == "i8")       packet << number<sf::Int8>(value);
    else if (kind == "u8")       packet << number<sf::Uint8>(value);
    else if (kind == "i16")      packet << number<sf::Int16>(value);
    else if (kind == "u16")      packet << number<sf::Uint16>(value);
    else if (kind == "i32")      packet << number<sf::Int32>(value);
    else if (kind == "u32")      packet << number<sf::Uint32>(value);
    else if (kind == "i64")      packet << number<sf::Int64>(value);
    else if (kind == "u64")      packet << number<sf::Uint64>(value);
    else if (kind == "f32")      packet << from_bits<float, sf::Uint32>(value);
    else if (kind == "f64")      packet << from_bits<double, sf::Uint64>(value);
    else if (kind == "chars")    packet << line::unhex(value).c_str();
    else if (kind == "string")   packet << line::unhex(value);
    else if (kind == "wchars")   packet << from_units<std::wstring>(value).c_str();
    else if (kind == "wstring")  packet << from_units<std::wstring>(value);
    else if (kind == "sfstring") packet << from_units<sf::String>(value);
    else
        throw std::invalid_argument("no such kind: " + kind);
}

template <typename Value>
Value take(sf::Packet& packet)
{
    Value value = Value();
    packet >> value;
    return value;
}

inline std::string read(sf::Packet& packet, const std::string& kind)
{
    std::string value;
    if (kind == "bool")         value = take<bool>(packet) ? "1" : "0";
    else if (kind == "i8")      value = std::to_string(take<sf::Int8>(packet));
    else if (kind == "u8")      value = std::to_string(take<sf::Uint8>(packet));
    else if (kind == "i16")     value = std::to_string(take<sf::Int16>(packet));
    else if (kind == "u16")     value = std::to_string(take<sf::Uint16>(packet));
    else if (kind == "i32")     value = std::to_string(take<sf::Int32>(packet));
    else if (kind == "u32")     value = std::to_string(take<sf::Uint32>(packet));
    else if (kind == "i64")     value = std::to_string(take<sf::Int64>(packet));
    else if (kind == "u64")     value = std::to_string(take<sf::Uint64>(packet));
    else if (kind == "f32")     value = to_bits<sf::Uint32>(take<float>(packet));
    else if (kind == "f64")     value = to_bits<sf::Uint64>(take<double>(packet));
    else if (kind == "string")  value = line::hex(take<std::string>(packet));
    else if (kind == "chars")
    {
        // SFML bounds nothing but the packet; for an empty string it does not even write the final zero.
        std::vector<char> text(packet.getDataSize() + 1, '\0');
        packet >> text.data();
        value = line::hex(std::string(text.data()));
    }
    else if (kind == "wchars")
    {
        std::vector<wchar_t> text(packet.getDataSize() + 1, L'\0');
        packet >> text.data();
        const std::wstring wide(text.data());
        value = to_units(wide.begin(), wide.end());
    }
    else if (kind == "wstring")
    {
        const std::wstring wide = take<std::wstring>(packet);
        value = to_units(wide.begin(), wide.end());
    }
    else if (kind == "sfstring")
    {
        const sf::String text = take<sf::String>(packet);
        value = to_units(text.begin(), text.end());
    }
    else
        throw std::invalid_argument("no such kind: " + kind);
    return packet ? kind + ":" + value : kind + ":none";
}

inline sf::Packet write_all(line::Arguments& arguments)
{
    sf::Packet packet;
    for (std::string item; arguments >> item;)
        write(packet, item);
    return packet;
}

// The bytes of the packet, its values of the kinds that are asked for, and whether more is left.
inline std::string read_all(sf::Packet& packet, line::Arguments& kinds)
{
    std::string text = line::hex(packet.getData(), packet.getDataSize());
    for (std::string kind; kinds >> kind;)
        text += " " + read(packet, kind);
    return text + (packet.endOfPacket() ? "" : " more");
}
} // namespace items

#endif
