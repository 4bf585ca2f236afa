#include "runtime/preflight/script_line.hpp"

#include <catch2/catch.hpp>

using namespace aerie::preflight;

TEST_CASE("a script's first line is read as the kernel does", "[preflight]") {
  CHECK(parse_script_line("#! /bin/sh -e x \nrest")->interpreter == "/bin/sh");
  CHECK(parse_script_line("#! /bin/sh -e x \nrest")->argument == "-e x");
  CHECK(parse_script_line("#!/bin/sh")->argument.empty());
  CHECK(parse_script_line("#!/bin/sh\r\n")->interpreter == "/bin/sh\r");
  CHECK_FALSE(parse_script_line("#!"));
  CHECK_FALSE(parse_script_line("#! \t\n/bin/sh"));
  CHECK_FALSE(parse_script_line("# !/bin/sh"));
  CHECK_FALSE(parse_script_line("#!/" + std::string(300, 'x')));
  CHECK(parse_script_line("#!/x " + std::string(300, 'y')));
}

TEST_CASE("what env is to run is understood, or left alone", "[preflight]") {
  CHECK(parse_env_arguments("python3")->program == "python3");
  CHECK(parse_env_arguments("-S A=1 PATH=/opt python3 -u")->program == "python3");
  CHECK(parse_env_arguments("-S A=1 PATH=/opt python3 -u")->path == "/opt");
  CHECK(parse_env_arguments("-S -i sh")->path == "");
  CHECK_FALSE(parse_env_arguments("-S sh 'a b'"));
  CHECK_FALSE(parse_env_arguments("-u X sh"));
  CHECK_FALSE(parse_env_arguments(""));
}
