#include "bench.hpp"

#include <cstdlib>
#include <string>

namespace
{
// Of "ip:port".
void open(sf::Ftp& ftp, const std::string& address)
{
    const auto colon = address.rfind(':');
    expect(colon != std::string::npos, "no address of a server");
    const auto port = static_cast<unsigned short>(std::strtoul(address.c_str() + colon + 1, nullptr, 10));
    expect(ftp.connect(address.substr(0, colon), port).isOk(), "cannot connect");
    expect(ftp.login().isOk(), "cannot log in");
}

struct Url
{
    std::string address;
    std::string path;
};

Url parse(const std::string& url)
{
    const std::string scheme = "ftp://";
    const auto slash = url.find('/', scheme.size());
    expect(url.compare(0, scheme.size(), scheme) == 0 && slash != std::string::npos, "no URL of FTP");
    return {url.substr(scheme.size(), slash - scheme.size()), url.substr(slash + 1)};
}

std::string folderOf(const std::string& path)
{
    const auto slash = path.rfind('/');
    return slash == std::string::npos ? std::string() : path.substr(0, slash);
}
} // namespace

void ftpGet(const std::string& address)
{
    sf::Ftp ftp;
    open(ftp, address);
    unsigned number = 0;
    serve(1, [&](std::uint64_t operations) {
        for (std::uint64_t i = 0; i < operations; ++i)
        {
            expect(ftp.download("small/" + std::to_string(number), ".", sf::Ftp::Binary).isOk(), "a download failed");
            number = (number + 1) % 1000;
        }
    });
}

void ftpDownload(const std::string& url, const std::string& path)
{
    const Url parsed = parse(url);
    sf::Ftp ftp;
    open(ftp, parsed.address);
    expect(ftp.download(parsed.path, folderOf(path), sf::Ftp::Binary).isOk(), "the download failed");
}

void ftpFiles(const std::string& url, const std::string& path)
{
    const Url parsed = parse(url);
    sf::Ftp ftp;
    open(ftp, parsed.address);
    for (unsigned name = 0; name < 1000; ++name)
        expect(ftp.download(parsed.path + "/" + std::to_string(name), path, sf::Ftp::Binary).isOk(), "a download failed");
}

void ftpUpload(const std::string& url, const std::string& path)
{
    const Url parsed = parse(url);
    sf::Ftp ftp;
    open(ftp, parsed.address);
    expect(ftp.upload(path, folderOf(parsed.path), sf::Ftp::Binary).isOk(), "the upload failed");
}
