#pragma once

#include <string>
#include <vector>

#include "messages/cause.hpp"

namespace aerie::guest {

/// The command line of `aerie-guest`.
struct Options {
  std::string socket;  ///< where to listen for the host; or
  int listen_fd = -1;  ///< a socket that listens already
  int secret_fd = 0;   ///< 64 hexadecimal digits and a line break are read from here
  std::string stream;  ///< the streamer's program; empty: beside this one
  std::string login;   ///< the log-in agent's; likewise
};

/// Reads the arguments after the program's name. An error's message is for standard error.
[[nodiscard]] Result<Options> parse_options(const std::vector<std::string>& arguments);

/// Reads the link's secret and closes the descriptor (0 becomes /dev/null, so that nothing else
/// gets that number). `link_violation` when it is not 64 lower-case hexadecimal digits.
[[nodiscard]] Result<std::string> read_secret(int fd);

/// A program of ours that lies beside this one.
[[nodiscard]] std::string program_beside_us(const std::string& name);

}  // namespace aerie::guest
