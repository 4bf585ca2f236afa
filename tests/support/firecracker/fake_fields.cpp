#include "tests/support/firecracker/fake_fields.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace aerie::test::fake {
namespace {

enum class Type { text, number, boolean, object, array };

struct Field {
  std::string_view name;
  Type type = Type::text;
  bool is_required = false;
};

struct Endpoint {
  std::string_view method;
  std::string_view path;  ///< with a `/` at its end: a name follows
  std::vector<Field> fields;
  bool takes_anything = false;
};

const std::vector<Endpoint>& endpoints() {
  using enum Type;
  static const std::vector<Endpoint> all{
      {"PUT", "/actions", {{"action_type", text, true}}},
      {"PUT",
       "/machine-config",
       {{"vcpu_count", number, true},
        {"mem_size_mib", number, true},
        {"smt", boolean},
        {"track_dirty_pages", boolean},
        {"huge_pages"}}},
      {"PUT", "/boot-source", {{"kernel_image_path", text, true}, {"initrd_path"}, {"boot_args"}}},
      {"PUT",
       "/drives/",
       {{"drive_id", text, true},
        {"path_on_host"},
        {"is_root_device", boolean, true},
        {"is_read_only", boolean},
        {"partuuid"},
        {"cache_type"},
        {"io_engine"},
        {"socket"},
        {"rate_limiter", object}}},
      {"PATCH", "/drives/", {{"drive_id", text, true}, {"path_on_host"}, {"rate_limiter", object}}},
      {"PUT",
       "/network-interfaces/",
       {{"iface_id", text, true},
        {"host_dev_name", text, true},
        {"guest_mac"},
        {"mtu", number},
        {"rx_rate_limiter", object},
        {"tx_rate_limiter", object}}},
      {"PATCH",
       "/network-interfaces/",
       {{"iface_id", text, true}, {"rx_rate_limiter", object}, {"tx_rate_limiter", object}}},
      {"PUT", "/vsock", {{"guest_cid", number, true}, {"uds_path", text, true}, {"vsock_id"}}},
      {"PUT", "/entropy", {{"rate_limiter", object}}},
      {"PUT",
       "/balloon",
       {{"amount_mib", number, true},
        {"deflate_on_oom", boolean, true},
        {"stats_polling_interval_s", number}}},
      {"PATCH", "/balloon", {{"amount_mib", number, true}}},
      {"PUT",
       "/mmds/config",
       {{"network_interfaces", array, true},
        {"version"},
        {"ipv4_address"},
        {"imds_compat", boolean}}},
      {"PUT", "/mmds", {}, true},
      {"PATCH", "/mmds", {}, true},
      {"PUT",
       "/logger",
       {{"log_path"},
        {"level"},
        {"show_level", boolean},
        {"show_log_origin", boolean},
        {"module"}}},
      {"PUT", "/metrics", {{"metrics_path", text, true}}},
      {"PATCH", "/vm", {{"state", text, true}}},
      {"PUT",
       "/snapshot/create",
       {{"snapshot_path", text, true}, {"mem_file_path", text, true}, {"snapshot_type"}}},
      {"PUT",
       "/snapshot/load",
       {{"snapshot_path", text, true},
        {"mem_backend", object, true},
        {"track_dirty_pages", boolean},
        {"resume_vm", boolean},
        {"network_overrides", array},
        {"vsock_override", object},
        {"clock_realtime", boolean}}},
  };
  return all;
}

bool is_of(Type type, const Json& value) {
  switch (type) {
    case Type::text:
      return value.is_string();
    case Type::number:
      return value.is_number_unsigned();
    case Type::boolean:
      return value.is_boolean();
    case Type::object:
      return value.is_object();
    case Type::array:
      return value.is_array();
  }
  return false;
}

[[noreturn]] void refuse(const std::string& what, const std::string& body) {
  throw Refused{"An error occurred when deserializing the json body of a request: " + what +
                " at line 1 column " + std::to_string(body.size()) + "."};
}

}  // namespace

Json parse(const std::string& method, const std::string& path, const std::string& body) {
  const auto fits = [&](const Endpoint& each) {
    return each.method == method &&
           (each.path.ends_with('/') ? path.starts_with(each.path) : path == each.path);
  };
  const auto endpoint = std::find_if(endpoints().begin(), endpoints().end(), fits);
  if (endpoint == endpoints().end())
    throw Refused{"Invalid request method and/or path: " + method + " " + path.substr(1) + "."};
  auto json = Json::parse(body, nullptr, false);
  if (json.is_discarded()) refuse("expected value", body);
  if (endpoint->takes_anything) return json;
  if (!json.is_object()) refuse("invalid type, expected struct", body);
  for (const auto& [name, value] : json.items()) {
    const auto field = std::find_if(endpoint->fields.begin(), endpoint->fields.end(),
                                    [&](const Field& each) { return each.name == name; });
    if (field == endpoint->fields.end()) refuse("unknown field `" + name + "`", body);
    if (!is_of(field->type, value)) refuse("invalid type for `" + name + "`", body);
  }
  for (const auto& field : endpoint->fields)
    if (field.is_required && !json.contains(field.name))
      refuse("missing field `" + std::string{field.name} + "`", body);
  return json;
}

}  // namespace aerie::test::fake
