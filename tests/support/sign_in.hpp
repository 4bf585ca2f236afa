#pragma once

#include <string>
#include <vector>

#include "tests/support/page.hpp"

namespace aerie::test {

/// What a person does in a viewer to sign in at the pages of an `OidcProvider` that the guest's
/// browser shows: once the page of that name is in the picture, clicks into it, types each word
/// into a field of its own once the first one has the keyboard, and sends the form.
void fill_in(Page& viewer, const std::string& name, const std::vector<std::string>& words);

}  // namespace aerie::test
