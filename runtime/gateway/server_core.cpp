#include "runtime/gateway/server_core.hpp"

#include <algorithm>
#include <sodium.h>

namespace aerie {

namespace {

constexpr std::size_t piece_bytes = 32 * 1024;

}  // namespace

ServerCore::ServerCore(const GatewayOptions& gateway_options, GatewayHandler& gateway_handler)
    : limits(gateway_options.limits),
      check(gateway_options.host, gateway_options.hosts, gateway_options.origins,
            gateway_options.public_url),
      handler(gateway_handler),
      scratch_(LWS_PRE + piece_bytes, '\0') {}

int ServerCore::write_piece(lws* wsi, std::string_view data, lws_write_protocol kind) {
  const auto piece = data.substr(0, piece_bytes);
  std::copy(piece.begin(), piece.end(), scratch_.begin() + LWS_PRE);
  auto* const bytes = reinterpret_cast<unsigned char*>(scratch_.data()) + LWS_PRE;
  if (lws_write(wsi, bytes, piece.size(), kind) < 0) return -1;
  return static_cast<int>(piece.size());
}

void ServerCore::wipe_scratch() {
  sodium_memzero(scratch_.data(), scratch_.size());
}

bool ServerCore::write_frame(lws* wsi, std::string_view text, lws_write_protocol kind) {
  if (scratch_.size() < LWS_PRE + text.size()) scratch_.resize(LWS_PRE + text.size());
  std::copy(text.begin(), text.end(), scratch_.begin() + LWS_PRE);
  auto* const bytes = reinterpret_cast<unsigned char*>(scratch_.data()) + LWS_PRE;
  return lws_write(wsi, bytes, text.size(), kind) >= 0;
}

void kill_connection(lws* wsi) {
  lws_set_timeout(wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_SYNC);
}

void set_timer(lws* wsi, std::chrono::milliseconds after) {
  const auto shortest = std::max(after, std::chrono::milliseconds{1});
  lws_set_timer_usecs(wsi, std::chrono::microseconds(shortest).count());
}

}  // namespace aerie
