#pragma once

#include <memory>
#include <optional>
#include <string>

#include "messages/cause.hpp"

namespace aerie::test {

/// Firecracker's published API (`firecracker.yaml`, swagger 2.0) as a judge of requests: its
/// definitions become JSON Schemas (draft 4), in which no unknown field is allowed, for Firecracker
/// allows none.
class ApiSchema {
 public:
  /// Reads the file; throws `std::runtime_error` where it is not what it should be.
  explicit ApiSchema(const std::string& path);
  ApiSchema(const ApiSchema&) = delete;
  ApiSchema& operator=(const ApiSchema&) = delete;
  ~ApiSchema();

  /// What is wrong with a request; empty: nothing.
  [[nodiscard]] std::string judge(const std::string& method, const std::string& path,
                                  const std::optional<Json>& body) const;

 private:
  struct Document;
  std::unique_ptr<Document> document_;
};

}  // namespace aerie::test
