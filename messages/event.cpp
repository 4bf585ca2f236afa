#include "messages/event.hpp"

namespace aerie {

void to_json(Json& json, const Event& event) {
  json = Json{{"seq", event.seq}, {"at", to_rfc3339(event.at)}, {"kind", event.kind}};
  if (!event.session.empty()) json["session"] = event.session;
  if (!event.vm.empty()) json["vm"] = event.vm;
  if (!event.child.empty()) json["child"] = event.child;
  json["data"] = event.data;
}

}  // namespace aerie
