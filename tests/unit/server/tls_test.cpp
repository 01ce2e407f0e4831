// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>
#include <unistd.h>

#include "server/certificate.h"
#include "server/http_server.h"
#include "unit/transport/certificates.h"

using namespace bso;
using namespace bso::server;
using namespace bso::test;
using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using Catch::Matchers::Contains;
namespace ssl = boost::asio::ssl;

namespace {

/// A certificate and its key as files.
class Files {
 public:
  Files() : directory_("/tmp/bso-tls-" + std::to_string(::getpid())) {
    std::filesystem::create_directories(directory_);
  }
  ~Files() { std::filesystem::remove_all(directory_); }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;

  void write(const Identity& identity) const {
    std::ofstream(certificate()) << identity.certificate_pem;
    std::ofstream(key()) << identity.key_pem;
  }
  [[nodiscard]] std::string certificate() const { return directory_ + "/tls.crt"; }
  [[nodiscard]] std::string key() const { return directory_ + "/tls.key"; }

 private:
  std::string directory_;
};

class RunningWithTls {
 public:
  explicit RunningWithTls(const Files& files)
      : server_(HttpServer::listen(loop_.get_executor(),
                                   {.address = "127.0.0.1",
                                    .certificate_file = files.certificate(),
                                    .key_file = files.key()},
                                   [](const Target&) {
                                     return Answer{.status = 200,
                                                   .content_type = "text/plain",
                                                   .body = "all is well"};
                                   })
                    .value()) {
    boost::asio::co_spawn(Executor(loop_.get_executor()), server_->serve(stop_),
                          boost::asio::detached);
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~RunningWithTls() {
    boost::asio::post(loop_, [this] { stop_.request(); });
    thread_.join();
  }
  RunningWithTls(const RunningWithTls&) = delete;
  RunningWithTls& operator=(const RunningWithTls&) = delete;

  [[nodiscard]] std::uint16_t port() const { return server_->port(); }

 private:
  boost::asio::io_context loop_;
  Stop stop_;
  std::unique_ptr<HttpServer> server_;
  std::thread thread_;
};

struct Got {
  boost::system::error_code handshake;
  boost::system::error_code end;  ///< eof: the server has said good-bye
  std::string text;
};

/// Sends bytes by TLS and reads to the end.
Got talk(std::uint16_t port, const std::string& ca_pem, std::string_view bytes,
         ssl::context::method method = ssl::context::tls_client) {
  Got got;
  boost::asio::io_context context;
  ssl::context tls(method);
  tls.add_certificate_authority(boost::asio::buffer(ca_pem));
  tls.set_verify_mode(ssl::verify_peer);
  // Old versions are beyond the default security level; the refusal has to be the server's.
  SSL_CTX_set_security_level(tls.native_handle(), 0);
  ssl::stream<tcp::socket> stream(context, tls);
  stream.next_layer().connect(tcp::endpoint(boost::asio::ip::make_address("127.0.0.1"), port));
  stream.handshake(ssl::stream_base::client, got.handshake);
  if (got.handshake) return got;
  boost::asio::write(stream, boost::asio::buffer(bytes.data(), bytes.size()));
  std::array<char, 4096> chunk;
  while (!got.end) {
    const auto size = stream.read_some(boost::asio::buffer(chunk), got.end);
    got.text.append(chunk.data(), size);
  }
  return got;
}

constexpr auto kRequest = "GET / HTTP/1.1\r\nConnection: close\r\n\r\n";

}  // namespace

TEST_CASE("the listener speaks TLS when it is given a certificate") {
  const Authority authority("ca");
  const Files files;
  files.write(authority.issue({.names = {"IP:127.0.0.1"}}));
  const RunningWithTls server(files);

  SECTION("an exchange, and its end is said") {
    const auto got = talk(server.port(), authority.pem(), kRequest);
    CHECK_FALSE(got.handshake);
    CHECK_THAT(got.text, Contains("200 OK") && Catch::EndsWith("all is well"));
    CHECK(got.end == boost::asio::error::eof);
  }
  SECTION("refusals arrive, too") {
    const auto got =
        talk(server.port(), authority.pem(), "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc");
    CHECK_THAT(got.text, Contains("405 Method Not Allowed"));
  }
  SECTION("old versions are refused") {
    CHECK(talk(server.port(), authority.pem(), kRequest, ssl::context::tlsv11_client).handshake);
  }
  SECTION("plain HTTP gets no answer, and harms nobody") {
    boost::asio::io_context context;
    tcp::socket socket(context);
    socket.connect(tcp::endpoint(boost::asio::ip::make_address("127.0.0.1"), server.port()));
    boost::asio::write(socket, boost::asio::buffer(std::string(kRequest)));
    std::array<char, 256> chunk;
    std::string text;
    for (boost::system::error_code end; !end;) {
      text.append(chunk.data(), socket.read_some(boost::asio::buffer(chunk), end));
    }
    CHECK(text.find("HTTP/") == std::string::npos);
    CHECK_FALSE(talk(server.port(), authority.pem(), kRequest).handshake);
  }
}

TEST_CASE("a certificate that is replaced holds for the next look, a bad one does not") {
  const Authority first("first");
  const Authority second("second");
  const Files files;
  files.write(first.issue({}));
  std::chrono::steady_clock::time_point now{};
  const auto certificate =
      Certificate::load(files.certificate(), files.key(), [&now] { return now; }).value();
  const auto before = certificate->context();

  files.write(second.issue({}));
  now += 9s;
  CHECK(certificate->context() == before);
  now += 1s;
  const auto after = certificate->context();
  CHECK(after != before);

  SECTION("the same again") {}
  SECTION("only half of the pair is there yet") {
    std::ofstream(files.certificate()) << first.issue({}).certificate_pem;
  }
  SECTION("no PEM") { std::ofstream(files.certificate()) << "not one"; }
  SECTION("gone") { std::filesystem::remove(files.key()); }
  now += 10s;
  CHECK(certificate->context() == after);
}

TEST_CASE("an unusable pair is an error that names the file") {
  const Authority authority("ca");
  const Files files;
  const auto said = [&] {
    const auto loaded = Certificate::load(files.certificate(), files.key());
    return loaded ? std::string() : loaded.error().message;
  };
  CHECK_THAT(said(), Contains(files.certificate()));
  files.write(authority.issue({}));
  CHECK(said().empty());
  std::ofstream(files.key()) << authority.issue({}).key_pem;
  CHECK_THAT(said(), Contains(files.key()) && Contains("fits the certificate"));
  std::ofstream(files.certificate()) << "no PEM";
  CHECK_THAT(said(), Contains(files.certificate()));
}
