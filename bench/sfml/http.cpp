#include "bench.hpp"

#include <cstdlib>
#include <string>

// A connection for each request: SFML has nothing else.
void httpNew(const std::string& address)
{
    const auto colon = address.rfind(':');
    expect(colon != std::string::npos, "no address of a server");
    const auto port = static_cast<unsigned short>(std::strtoul(address.c_str() + colon + 1, nullptr, 10));
    sf::Http http(address.substr(0, colon), port);
    const sf::Http::Request request("/small");
    serve(1, [&](std::uint64_t operations) {
        for (std::uint64_t i = 0; i < operations; ++i)
        {
            const sf::Http::Response response = http.sendRequest(request);
            expect(response.getStatus() == sf::Http::Response::Ok, "another status than 200");
            expect(response.getBody().size() == 1024, "a body was cut");
        }
    });
}
