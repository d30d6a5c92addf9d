#include "bench.hpp"

#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace
{
long residentBytes()
{
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
    {
        if (line.rfind("VmRSS:", 0) == 0)
            return std::stol(line.substr(6)) * 1024;
    }
    fail("no VmRSS in /proc/self/status");
}

long heapBytes()
{
    const auto info = mallinfo2();
    return static_cast<long>(info.uordblks + info.hblkhd);
}

// The far ends, in a process of their own. They are held until the parent closes `release`.
void holdPeers(unsigned short port, std::size_t count, int release)
{
    for (std::size_t i = 0; i < count; ++i)
        connectPeer(port);
    char nothing = 0;
    if (read(release, &nothing, 1) < 0)
        fail("read");
}
} // namespace

void memory(std::size_t count)
{
    sf::TcpListener listener;
    expect(listener.listen(sf::Socket::AnyPort, sf::IpAddress::LocalHost));
    int release[2];
    expect(pipe(release) == 0, "pipe");
    const pid_t child = fork();
    expect(child >= 0, "fork");
    if (child == 0)
    {
        close(release[1]);
        holdPeers(listener.getLocalPort(), count, release[0]);
        _exit(0);
    }

    const long resident = residentBytes();
    const long heap = heapBytes();
    std::vector<std::unique_ptr<sf::TcpSocket>> sockets;
    sockets.reserve(count);
    for (std::size_t i = 0; i < count; ++i)
    {
        sockets.push_back(std::make_unique<sf::TcpSocket>());
        expect(listener.accept(*sockets.back()));
    }
    std::printf("%ld %ld\n", heapBytes() - heap, residentBytes() - resident);
    close(release[1]);
    waitpid(child, nullptr, 0);
}
