#include <fstream>
#include <memory>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "runtime/doctor/checks.hpp"

namespace aerie::doctor {
namespace {

constexpr int soon_days = 14;

DoctorCheck check_certificate(const std::string& path) {
  const std::unique_ptr<BIO, decltype(&::BIO_free_all)> file{::BIO_new_file(path.c_str(), "r"),
                                                             &::BIO_free_all};
  const std::unique_ptr<X509, decltype(&::X509_free)> certificate{
      file ? ::PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr) : nullptr, &::X509_free};
  if (!certificate)
    return {"certificate", false, "The certificate " + path + " can't be read.",
            "Set http.tls.cert to a PEM file that this user may read."};
  int days = 0;
  int seconds = 0;
  ::ASN1_TIME_diff(&days, &seconds, nullptr, ::X509_get0_notAfter(certificate.get()));
  if (days < 0 || seconds < 0)
    return {"certificate", false, "The certificate " + path + " has run out.",
            "Renew it, and start the controller again."};
  const auto left = "The certificate " + path + " is good for " + std::to_string(days) + " days.";
  return {"certificate", true, left, days < soon_days ? "Renew it in time." : ""};
}

/// Warm guests count against the limits as others do.
DoctorCheck check_pool(const Settings& settings) {
  int guests = 0;
  for (const auto& [profile, drivers] : settings.pool)
    for (const auto& [driver, count] : drivers)
      guests += count;
  const auto message = std::to_string(guests) + " warm guests are kept.";
  if (guests <= settings.limits.sessions) return {"pool", true, message, ""};
  return {"pool", true,
          message + " That is more than limits.sessions = " +
              std::to_string(settings.limits.sessions) + ".",
          "Lower the pool, or raise limits.sessions."};
}

/// The addresses that clients are given are this one's.
DoctorCheck check_public_address(const Settings& settings) {
  const auto& http = settings.http;
  if (http.public_url.empty() && http.behind_proxy)
    return {"public address", true,
            "It is behind a proxy, and the addresses it gives are those it was called by.",
            "Set http.publicUrl to what the proxy is called."};
  return {"public address", true,
          http.public_url.empty() ? "Clients are given the address by which they called."
                                  : "Clients are given addresses below " + http.public_url + ".",
          ""};
}

}  // namespace

Checks check_configuration(const Settings& settings) {
  Checks checks{{"configuration", true,
                 "The configuration is understood (`aerie config --effective` shows it).", ""},
                check_public_address(settings)};
  if (!settings.http.tls_cert.empty()) checks.push_back(check_certificate(settings.http.tls_cert));
  if (!settings.pool.empty()) checks.push_back(check_pool(settings));
  return checks;
}

}  // namespace aerie::doctor
