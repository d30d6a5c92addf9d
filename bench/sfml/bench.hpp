// What the SFML rounds share. The program takes the name of a round and talks to the harness as the Rust contestants do: it
// reads `for MILLISECONDS` or `count OPERATIONS` in a line and answers `operations nanoseconds`.
#pragma once

#include <SFML/Config.hpp>
#include <SFML/Network.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#if SFML_VERSION_MAJOR != 2
#error "these rounds are written for SFML 2"
#endif

constexpr std::size_t small = 64;
constexpr std::size_t bulk = 64 * 1024;
constexpr std::uint64_t burst = 64;

// The conversation with the harness, as src/session.rs has it.
// Runs `body` with a number of operations, always a multiple of `step`, once for each line that comes.
void serve(std::uint64_t step, const std::function<void(std::uint64_t)>& body);

enum class Core
{
    Main, // the last core this process may use
    Peer  // the first
};

void pin(Core core);

// Ends the program with a complaint: a round that does not do what it says must not print a number.
[[noreturn]] void fail(const char* complaint);

inline void expect(bool condition, const char* complaint)
{
    if (!condition)
        fail(complaint);
}

inline void expect(sf::Socket::Status status)
{
    expect(status == sf::Socket::Done, "a socket did not answer Done");
}

// Two connected blocking sockets.
void connectPair(sf::TcpSocket& near, sf::TcpSocket& far);

// A plain blocking socket connected to `port`, with TCP_NODELAY, closing with a reset. Its number lies above those that
// select can watch, so that the watched sockets get the low ones.
int connectPeer(unsigned short port);

void tcpBulk();
void tcpBulkBeside();
void tcpPingPong();
void tcpPingPongBeside();

void udpSend();
void udpPingPong();
void udpPingPongBeside();
void udpBursts();

void selectorRound(std::size_t count);
void selectorUdpRound(std::size_t count);
void find(std::size_t count);
void isReady(std::size_t count);
void emptyWait();

void emptyTcpReceive();
void emptyUdpReceive();

void packets();
void packetsBeside();

// Gets 1 KiB from the web server at `address`, which is "ip:port".
void httpNew(const std::string& address);

// Gets files of 1 KiB from the FTP server at `address` to the current folder, over one session.
void ftpGet(const std::string& address);

// Does one transfer of src/transfer.rs: between `url`, which is "ftp://ip:port/path", and `path`. The file has the same name
// at both ends.
void ftpDownload(const std::string& url, const std::string& path);
void ftpUpload(const std::string& url, const std::string& path);
// The 1,000 files of a folder.
void ftpFiles(const std::string& url, const std::string& path);

// Prints `heap resident`: the bytes that `count` connected sockets grew this process by.
void memory(std::size_t count);
