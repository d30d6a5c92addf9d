#include "bench.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>
#include <string>

namespace
{
const std::map<std::string, std::function<void()>> rounds = {
    {"tcp-bulk", tcpBulk},
    {"tcp-bulk-2t", tcpBulkBeside},
    {"tcp-ping-pong", tcpPingPong},
    {"tcp-ping-pong-2t", tcpPingPongBeside},
    {"udp-send", udpSend},
    {"udp-ping-pong", udpPingPong},
    {"udp-ping-pong-2t", udpPingPongBeside},
    {"udp-bursts", udpBursts},
    {"selector-10", [] { selectorRound(10); }},
    {"selector-100", [] { selectorRound(100); }},
    {"selector-1000", [] { selectorRound(1000); }},
    {"selector-udp-1000", [] { selectorUdpRound(1000); }},
    {"find-1000", [] { find(1000); }},
    {"is-ready-10", [] { isReady(10); }},
    {"is-ready-1000", [] { isReady(1000); }},
    {"empty-wait", emptyWait},
    {"empty-tcp-receive", emptyTcpReceive},
    {"empty-udp-receive", emptyUdpReceive},
    {"packets", packets},
    {"packets-2t", packetsBeside},
};

void raiseDescriptorLimit()
{
    rlimit limit{};
    expect(getrlimit(RLIMIT_NOFILE, &limit) == 0, "getrlimit");
    limit.rlim_cur = limit.rlim_max;
    expect(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
}
} // namespace

int main(int argc, char** argv)
{
    // Ends the process when setting up hangs.
    alarm(120);
    raiseDescriptorLimit();

    if (argc == 3 && std::strcmp(argv[1], "memory") == 0)
    {
        memory(std::strtoull(argv[2], nullptr, 10));
        return 0;
    }
    if (argc == 3 && std::strcmp(argv[1], "http-new") == 0)
    {
        pin(Core::Main);
        httpNew(argv[2]);
        return 0;
    }
    if (argc == 3 && std::strcmp(argv[1], "ftp-get") == 0)
    {
        pin(Core::Main);
        ftpGet(argv[2]);
        return 0;
    }
    if (argc == 4 && std::strcmp(argv[1], "ftp-download") == 0)
    {
        ftpDownload(argv[2], argv[3]);
        return 0;
    }
    if (argc == 4 && std::strcmp(argv[1], "ftp-upload") == 0)
    {
        ftpUpload(argv[2], argv[3]);
        return 0;
    }
    if (argc == 4 && std::strcmp(argv[1], "ftp-files") == 0)
    {
        ftpFiles(argv[2], argv[3]);
        return 0;
    }
    expect(argc == 2, "usage: NAME | http-new ADDRESS | ftp-get ADDRESS | ftp-download URL PATH | ftp-upload URL PATH | "
                      "ftp-files URL PATH | memory COUNT");
    const auto round = rounds.find(argv[1]);
    expect(round != rounds.end(), "no round of this name");
    pin(Core::Main);
    round->second();
    return 0;
}
