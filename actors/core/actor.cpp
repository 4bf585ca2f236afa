#include "actors/core/actor.hpp"

#include <caf/error.hpp>
#include <caf/sec.hpp>

namespace aerie {

caf::error describe_exception(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& error) {
    return caf::make_error(caf::sec::runtime_error, std::string{error.what()});
  } catch (...) {
    return caf::make_error(caf::sec::runtime_error, std::string{"an exception without a text"});
  }
}

}  // namespace aerie
