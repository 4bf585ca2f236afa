#include "actors/node/address_pool.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>

namespace aerie {
namespace {

constexpr int max_slots = 1 << 17;

Cause malformed(const std::string& network) {
  return {CauseKind::network_failed,
          "'" + network + "' is no IPv4 network.",
          "Give network.pool as 10.77.0.0/16, with a prefix length from 8 to 30.",
          {}};
}

}  // namespace

Result<AddressPool> AddressPool::make(const std::string& network) {
  const auto slash = network.find('/');
  if (slash == std::string::npos) return tl::unexpected(malformed(network));
  in_addr parsed{};
  int prefix = 0;
  const auto* end = network.data() + network.size();
  const auto [at, error] = std::from_chars(network.data() + slash + 1, end, prefix);
  if (inet_pton(AF_INET, network.substr(0, slash).c_str(), &parsed) != 1 || error != std::errc{} ||
      at != end || prefix < 8 || prefix > 30)
    return tl::unexpected(malformed(network));
  const auto mask = ~std::uint32_t{0} << static_cast<unsigned>(32 - prefix);
  const auto hosts = (std::int64_t{1} << (32 - prefix)) - 2;
  return AddressPool{ntohl(parsed.s_addr) & mask,
                     static_cast<int>(std::min<std::int64_t>(hosts, max_slots))};
}

std::optional<int> AddressPool::take() {
  for (int tried = 0; tried < size_; ++tried) {
    const int slot = next_;
    next_ = (next_ + 1) % size_;
    if (used_.insert(slot).second) return slot;
  }
  return std::nullopt;
}

std::string AddressPool::address(int slot) const {
  in_addr value{};
  value.s_addr = htonl(base_ + 1 + static_cast<std::uint32_t>(slot));
  std::string text(INET_ADDRSTRLEN, '\0');
  inet_ntop(AF_INET, &value, text.data(), INET_ADDRSTRLEN);
  text.resize(text.find('\0'));
  return text;
}

std::optional<int> AddressPool::slot(const std::string& address) const {
  in_addr parsed{};
  if (inet_pton(AF_INET, address.c_str(), &parsed) != 1) return std::nullopt;
  const auto slot = std::int64_t{ntohl(parsed.s_addr)} - base_ - 1;
  if (slot < 0 || slot >= size_) return std::nullopt;
  return static_cast<int>(slot);
}

}  // namespace aerie
