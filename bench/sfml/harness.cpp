#include "bench.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace
{
std::uint64_t timed(std::uint64_t operations, const std::function<void(std::uint64_t)>& body)
{
    const auto start = std::chrono::steady_clock::now();
    body(operations);
    const auto elapsed = std::chrono::steady_clock::now() - start;
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(elapsed).count());
}

// Doubles the run until it takes the length of a round; returns the rate of the last run.
double warmUp(double nanoseconds, std::uint64_t step, const std::function<void(std::uint64_t)>& body)
{
    for (std::uint64_t operations = step;; operations *= 2)
    {
        const auto elapsed = static_cast<double>(timed(operations, body));
        if (elapsed >= nanoseconds)
            return static_cast<double>(operations) / elapsed;
    }
}
} // namespace

void serve(std::uint64_t step, const std::function<void(std::uint64_t)>& body)
{
    double rate = 0; // operations in a nanosecond, from the round before
    char kind[8];
    unsigned long long number = 0;
    while (std::scanf("%7s %llu", kind, &number) == 2)
    {
        // Ends the process when a round hangs.
        alarm(120);
        std::uint64_t wanted = number;
        if (std::strcmp(kind, "for") == 0)
        {
            const double nanoseconds = static_cast<double>(number) * 1e6;
            if (rate == 0)
                rate = warmUp(nanoseconds, step, body);
            wanted = static_cast<std::uint64_t>(rate * nanoseconds);
        }
        wanted = (std::max<std::uint64_t>(wanted, 1) + step - 1) / step * step;
        const std::uint64_t elapsed = timed(wanted, body);
        rate = static_cast<double>(wanted) / static_cast<double>(elapsed);
        std::printf("%llu %llu\n", static_cast<unsigned long long>(wanted), static_cast<unsigned long long>(elapsed));
        std::fflush(stdout);
    }
}

void pin(Core core)
{
    // A thread inherits a pinned set, so the set is read from the parent, which pins nothing.
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    expect(sched_getaffinity(getppid(), sizeof allowed, &allowed) == 0, "sched_getaffinity");
    int first = -1;
    int last = -1;
    for (int index = 0; index < CPU_SETSIZE; ++index)
    {
        if (CPU_ISSET(index, &allowed))
        {
            first = first < 0 ? index : first;
            last = index;
        }
    }
    cpu_set_t chosen;
    CPU_ZERO(&chosen);
    CPU_SET(core == Core::Main ? last : first, &chosen);
    expect(sched_setaffinity(0, sizeof chosen, &chosen) == 0, "sched_setaffinity");
}

void fail(const char* complaint)
{
    std::fprintf(stderr, "%s\n", complaint);
    std::exit(1);
}

void connectPair(sf::TcpSocket& near, sf::TcpSocket& far)
{
    sf::TcpListener listener;
    expect(listener.listen(sf::Socket::AnyPort, sf::IpAddress::LocalHost));
    expect(near.connect(sf::IpAddress::LocalHost, listener.getLocalPort()));
    expect(listener.accept(far));
}

int connectPeer(unsigned short port)
{
    const int low = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    expect(low >= 0, "socket");
    const int peer = fcntl(low, F_DUPFD_CLOEXEC, FD_SETSIZE + 1);
    expect(peer >= 0, "dup");
    close(low);

    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    expect(connect(peer, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "connect");
    const int on = 1;
    expect(setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0, "TCP_NODELAY");
    const linger reset{1, 0};
    expect(setsockopt(peer, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) == 0, "SO_LINGER");
    return peer;
}
