//! On whose behalf the kernel's services are asked: `X-User-ID` and `X-User-Groups`, as a gateway forwards them to what
//! stands behind it. Never proves who that is, and tells nobody else.

use std::cell::RefCell;

/// Characters of one header.
const LONGEST: usize = 256;

/// The two headers, by their names.
pub type User = [(&'static str, String); 2];

thread_local! {
    static CURRENT: RefCell<Option<User>> = const { RefCell::new(None) };
}

/// What is told of somebody. Anything that is no plain text is left out, so that nobody's name becomes a header of its
/// own; an issuer's role is called as the issuer calls it.
pub fn headers_for(id: &str, roles: &[String]) -> User {
    let plain = |text: &str| text.chars().filter(char::is_ascii_graphic).take(LONGEST).collect::<String>();
    let groups: Vec<String> =
        roles.iter().map(|role| plain(role.strip_prefix("oidc:").unwrap_or(role)).replace(',', "")).collect();
    [("x-user-id", plain(id)), ("x-user-groups", groups.join(","))]
}

/// Runs `act` for somebody; what was before is there again afterwards, after a panic too.
pub fn within<T>(user: Option<User>, act: impl FnOnce() -> T) -> T {
    struct Back(Option<User>);
    impl Drop for Back {
        fn drop(&mut self) {
            CURRENT.set(self.0.take());
        }
    }
    let _back = Back(CURRENT.replace(user));
    act()
}

/// For whom this thread works, if that is known.
pub(super) fn current() -> Option<User> {
    CURRENT.with_borrow(Clone::clone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_header() {
        let roles = ["oidc:platform-admin".to_owned(), "a,b\n".to_owned(), "x".repeat(1000)];
        let [(_, id), (_, groups)] = headers_for("ana\r\nX-Internal-Token: x", &roles);
        assert_eq!(id, "anaX-Internal-Token:x");
        assert_eq!(groups, format!("platform-admin,ab,{}", "x".repeat(LONGEST)));
    }

    #[test]
    fn nobody_is_told_of_who_was_there_before() {
        let ana = || Some(headers_for("ana", &[]));
        let inner = std::panic::catch_unwind(|| within(ana(), || panic!("{:?}", current())));
        assert!(inner.is_err());
        assert_eq!(current(), None);
        within(ana(), || within(None, || assert_eq!(current(), None)));
    }
}
