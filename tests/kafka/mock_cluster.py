"""librdkafka's mock cluster: the Kafka protocol on real sockets, with nothing on disk. It is no broker.

Prints the address of its only node, and runs until its standard input is closed. With a certificate and a key as
arguments it speaks TLS. Clients reach it through a relay
that changes three things. The mock answers an ApiVersions request of a version that it does not know with a malformed
array; the relay answers as the protocol says (KIP-511), so that the client asks again with a known version. The mock
offers flexible versions of the group requests that it cannot parse (its own client never uses them); the relay
offers those before. And where the mock tells its own port, the relay tells its own, so that clients stay with it.
"""

import socket
import ssl
import struct
import sys
import threading

from confluent_kafka import Producer

METADATA, FIND_COORDINATOR, API_VERSIONS = 3, 10, 18
KNOWN_API_VERSIONS = 2
UNSUPPORTED_VERSION = 35
# The last versions that are not flexible: FindCoordinator, JoinGroup, Heartbeat, LeaveGroup, SyncGroup.
PLAIN = {10: 2, 11: 5, 12: 3, 13: 3, 14: 3}


def exactly(connection, length):
    data = b""
    while len(data) < length:
        more = connection.recv(length - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def frame(connection):
    return exactly(connection, struct.unpack(">i", exactly(connection, 4))[0])


def send(connection, lock, data):
    with lock:
        connection.sendall(struct.pack(">i", len(data)) + data)


def requests(client, server, asked, lock):
    while True:
        data = frame(client)
        key, version, correlation = struct.unpack(">hhi", data[:8])
        if key == API_VERSIONS and version > KNOWN_API_VERSIONS:
            known = struct.pack(">ihihhh", correlation, UNSUPPORTED_VERSION, 1, API_VERSIONS, 0, KNOWN_API_VERSIONS)
            send(client, lock, known)
        else:
            asked[correlation] = key
            server.sendall(struct.pack(">i", len(data)) + data)


def answers(client, server, asked, lock, theirs, ours):
    while True:
        data = frame(server)
        key = asked.pop(struct.unpack(">i", data[:4])[0], None)
        if key in (METADATA, FIND_COORDINATOR):
            data = data.replace(struct.pack(">i", theirs), struct.pack(">i", ours))
        if key == API_VERSIONS:
            data = bounded(data)
        send(client, lock, data)


def bounded(data):
    """The answer to ApiVersions 0 to 2 with the versions of PLAIN."""
    head, (count,) = data[:6], struct.unpack(">i", data[6:10])
    kept = [struct.unpack(">hhh", data[10 + 6 * n : 16 + 6 * n]) for n in range(count)]
    plain = [struct.pack(">hhh", key, least, min(most, PLAIN.get(key, most))) for key, least, most in kept]
    return head + data[6:10] + b"".join(plain) + data[10 + 6 * count :]


def until_closed(act, *arguments):
    try:
        act(*arguments)
    except (EOFError, OSError):
        for connection in arguments[:2]:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def secured(client):
    """The client behind TLS, with the certificate and key of the arguments; None when it does not speak it."""
    if len(sys.argv) < 3:
        return client
    try:
        client.settimeout(5)
        client = CONTEXT.wrap_socket(client, server_side=True)
        client.settimeout(None)
        return client
    except OSError:
        client.close()
        return None


def relay(listener, node):
    ours = listener.getsockname()[1]
    while True:
        client, _ = listener.accept()
        client = secured(client)
        if client is None:
            continue
        server = socket.create_connection(node)
        for connection in (client, server):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        asked, lock = {}, threading.Lock()
        for arguments in (
            (requests, client, server, asked, lock),
            (answers, client, server, asked, lock, node[1], ours),
        ):
            threading.Thread(target=until_closed, args=arguments, daemon=True).start()


if len(sys.argv) > 2:
    CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    CONTEXT.load_cert_chain(sys.argv[1], sys.argv[2])
cluster = Producer({"bootstrap.servers": "127.0.0.1:1", "test.mock.num.brokers": 1, "log_level": 0})
broker = next(iter(cluster.list_topics(timeout=10).brokers.values()))
listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=relay, args=(listener, (broker.host, broker.port)), daemon=True).start()
print(f"127.0.0.1:{listener.getsockname()[1]}", flush=True)
sys.stdin.read()
