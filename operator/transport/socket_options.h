// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace bso::transport {

/// What every TCP connection to the API server gets. A peer that has vanished is noticed by its
/// silence on the TCP level: HTTP/1.1 has no ping, and a watch may rightly be silent for minutes.
/// Times as those of client-go's HTTP/2 pings (apimachinery pkg/util/net/http.go: 30 s and 15 s):
/// probed after 15 s of silence, given up 30 s after the last sign of life.
void set_socket_options(int socket);

}  // namespace bso::transport
