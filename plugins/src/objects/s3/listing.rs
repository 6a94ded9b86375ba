//! The little XML that S3 answers with: a page of a listing, and the code of an error.
//!
//! Reads texts of known elements that hold no other elements; all else is skipped.

use ecoops_core::ports::objects::ObjectEntry;

/// A page of a listing; `next` asks for the one after it.
#[derive(Debug, PartialEq)]
pub(super) struct Page {
    pub entries: Vec<ObjectEntry>,
    pub next: Option<String>,
}

/// None when it is no listing. Keys that are none of ours are left out.
pub(super) fn read(xml: &str) -> Option<Page> {
    if !xml.contains("<ListBucketResult") {
        return None;
    }
    let entry = |xml: &str| {
        Some(ObjectEntry {
            key: text_of(xml, "Key")?.parse().ok()?,
            size: text_of(xml, "Size")?.parse().ok()?,
            modified: text_of(xml, "LastModified")?.parse().ok()?,
        })
    };
    let contents = xml.split("<Contents>").skip(1).filter_map(|rest| rest.split("</Contents>").next());
    let entries = contents.filter_map(entry).collect();
    let more = text_of(xml, "IsTruncated").as_deref() == Some("true");
    Some(Page { entries, next: more.then(|| text_of(xml, "NextContinuationToken")).flatten() })
}

/// The text of the first element of this name.
pub(super) fn text_of(xml: &str, name: &str) -> Option<String> {
    let from = xml.find(&format!("<{name}>"))? + name.len() + 2;
    let text = &xml[from..][..xml[from..].find('<')?];
    Some(decode(text))
}

fn decode(text: &str) -> String {
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_and_what_is_not_ours_left_out() {
        let xml = "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\"><IsTruncated>true</IsTruncated>\
            <Contents><Key>a/b.pdf</Key><LastModified>2026-11-01T10:00:00.000Z</LastModified><ETag>&quot;x&quot;</ETag>\
            <Size>12</Size></Contents><Contents><Key>not ours</Key><Size>1</Size>\
            <LastModified>2026-11-01T10:00:00Z</LastModified></Contents>\
            <NextContinuationToken>a&amp;b</NextContinuationToken></ListBucketResult>";
        let page = read(xml).expect("a page");
        assert_eq!((page.entries.len(), page.entries[0].size, page.next.as_deref()), (1, 12, Some("a&b")));
        assert_eq!(page.entries[0].key.as_str(), "a/b.pdf");
        for broken in ["", "<html>", "<ListBucket", "<Error><Code>NoSuchBucket</Code></Error>"] {
            assert_eq!(read(broken), None);
        }
        for cut in 0..xml.len() {
            drop(read(&xml[..cut]));
        }
        assert_eq!(text_of("<Error><Code>No</Code>", "Code").as_deref(), Some("No"));
    }
}
