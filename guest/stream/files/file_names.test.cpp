#include "guest/stream/files/file_names.hpp"

#include <catch2/catch.hpp>

using aerie::stream::is_file_name;
using aerie::stream::numbered_name;

TEST_CASE("names of files are single, plain parts of a path", "[files]") {
  for (const auto* good : {"a", "report.pdf", "Überblick 2026 (final).ods", "a..b", "日本語.txt",
                           "emoji 😀.png", "trailing."})
    CHECK(is_file_name(good));
  for (const std::string bad :
       {"", ".", "..", ".hidden", "a/b", "../a", "/etc/passwd", "a\nb", "a\tb", "a\x7f", "\xc2\x85",
        "a\xff", " a", "a ", "gnp\xe2\x80\xae.exe", "\xef\xbb\xbf.txt"})
    CHECK_FALSE(is_file_name(bad));
  CHECK_FALSE(is_file_name(std::string("a\0b", 3)));
  CHECK(is_file_name(std::string(200, 'a')));
  CHECK_FALSE(is_file_name(std::string(201, 'a')));
}

TEST_CASE("a second file of a name gets a number before its ending", "[files]") {
  CHECK(numbered_name("report.pdf", 2) == "report (2).pdf");
  CHECK(numbered_name("README", 3) == "README (3)");
  CHECK(numbered_name("archive.tar.gz", 2) == "archive (2).tar.gz");
  CHECK(numbered_name("a.b.c", 10) == "a.b (10).c");
}
