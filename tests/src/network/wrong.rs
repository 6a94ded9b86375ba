//! What somebody says who is not the server: a portal, another service, a broken or hostile one.

/// Said to whoever connects or asks.
#[derive(Debug, PartialEq, Eq)]
pub struct Wrong {
    pub name: &'static str,
    pub first: &'static [u8],
    /// Said again and again after that; when empty it says nothing more, and the connection stays open.
    pub forever: &'static [u8],
    /// Whether a client stops before it has taken much; else its deadline alone ends it.
    pub bounded: bool,
}

/// Of no protocol at all.
pub const GARBAGE: Wrong = Wrong {
    name: "garbage",
    first: b"\x00\xff\xfe\x80\x01\x7f\x00\x00\x00\x2a\xde\xad\xbe\xef\r\n\x00\xc3\x28\xa0\xa1\r\n\r\n",
    forever: b"",
    bounded: true,
};

pub const OTHER_PROTOCOL: Wrong = Wrong {
    name: "another protocol",
    first: b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
    forever: b"",
    bounded: true,
};

/// What hotels answer.
pub const PORTAL: Wrong = Wrong {
    name: "a portal's page",
    first: b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 62\r\n\r\n\
        <!DOCTYPE html><html><body>Please log in first.</body></html>\n",
    forever: b"",
    bounded: true,
};

/// JSON as it may be, but none of what was asked.
pub const OTHER_JSON: Wrong = Wrong {
    name: "another's JSON",
    first:
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"status\":[{}]}",
    forever: b"",
    bounded: true,
};

pub const HUGE_BODY: Wrong = Wrong {
    name: "a body without end",
    first: b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1099511627776\r\n\r\n[",
    forever: &[b' '; 65_536],
    bounded: true,
};

pub const ENDLESS_HEADERS: Wrong = Wrong {
    name: "headers without end",
    first: b"HTTP/1.1 200 OK\r\n",
    forever: b"X-Padding: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n",
    bounded: true,
};

/// For whoever speaks HTTP.
pub const HTTP: [&Wrong; 6] = [&GARBAGE, &OTHER_PROTOCOL, &PORTAL, &OTHER_JSON, &HUGE_BODY, &ENDLESS_HEADERS];

/// For whoever does not.
pub const PLAIN: [&Wrong; 3] = [&GARBAGE, &OTHER_PROTOCOL, &PORTAL];

/// A string of a terabyte.
pub const REDIS_HUGE: Wrong = Wrong {
    name: "a reply without end",
    first: b"$1099511627776\r\n",
    forever: &[b'x'; 65_536],
    bounded: true,
};

/// A line without end. (The client library reads lines of any length.)
pub const NATS_HUGE: Wrong = Wrong {
    name: "a greeting without end",
    first: b"INFO {\"server_id\":\"",
    forever: &[b'x'; 65_536],
    bounded: false,
};

/// A frame of two gibibytes.
pub const KAFKA_HUGE: Wrong =
    Wrong { name: "a frame without end", first: b"\x7f\xff\xff\xff", forever: &[0; 65_536], bounded: true };

/// A row of two gibibytes. (The client library reads a message of any length.)
pub const POSTGRES_HUGE: Wrong = Wrong {
    name: "a message without end",
    first: b"D\x7f\xff\xff\xff",
    forever: &[0; 65_536],
    bounded: false,
};
