"""What came from outside is parsed once, and refused there."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.domain.errors import ManifestRowError, UrlRefusedError
from archiver.domain.identity import ApiKey, AssetName, MediaUrl, parse_id
from tests.domain.samples import refusal_of

ID_CHARACTERS = string.ascii_letters + string.digits + "._-"


@pytest.mark.parametrize(
    "text", ["a", "7", "4665a07c-7641-4809-a133-10786201bb56", "A.b_c-d", "a.", "a" * 128, "con", "a-" * 64]
)
def test_an_id_is_letters_digits_and_three_signs(text: str) -> None:
    """Up to 128 of them, the first a letter or digit."""
    assert parse_id(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "../etc",
        "a/b",
        "a\\b",
        "/abs",
        "a..b",
        ".hidden",
        "-rf",
        "_a",
        "a b",
        " a",
        "a\n",
        "a\0",
        "ä",
        "\uff11",
        "a" * 129,
        "~root",
        "a%2fb",
        "C:",
    ],
)
def test_what_could_choose_a_path_is_no_id(text: str) -> None:
    """An id names a folder."""
    with pytest.raises(ManifestRowError, match="is not a generation id"):
        parse_id(text)


@given(st.text(alphabet=[*ID_CHARACTERS, "/", "\\", "\0", "\n", " ", "é"], max_size=140) | st.text())
def test_an_accepted_id_is_one_safe_folder_name(text: str) -> None:
    """And a refused one is shown short and printable."""
    message = refusal_of(ManifestRowError, parse_id, text)
    if message is None:
        assert 0 < len(text) <= 128
        assert set(text) <= set(ID_CHARACTERS)
        assert ".." not in text
        assert text[0].isalnum()
    else:
        assert message.isprintable()
        assert len(message) < 600


def test_assets_are_in_the_order_in_which_they_are_fetched() -> None:
    """`video` first; the two videos are those that move."""
    assert list(AssetName) == ["video", "video_raw", "thumbnail", "last_frame"]
    assert [name for name in AssetName if name.is_video] == ["video", "video_raw"]


@pytest.mark.parametrize(
    "text",
    [
        "http://a.example/",
        "https://a.example/x.mp4?sig=1#f",
        "HTTPS://A.EXAMPLE:8443/x",
        "http://127.0.0.1:80/x",
        "http://[::1]:8080/x",
        "https://a.example/sp%20ace",
    ],
)
def test_http_and_https_urls_are_kept_as_they_came(text: str) -> None:
    """A signature is over the very text."""
    assert MediaUrl.parse(text).full == text


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("http://a.example/ x?y=a b", "http://a.example/%20x?y=a%20b"),
        ("http://a.example/ä%20b#é", "http://a.example/%C3%A4%20b#%C3%A9"),
        ("https://a.example?q=日", "https://a.example?q=%E6%97%A5"),
    ],
)
def test_what_urls_may_not_hold_and_do_is_encoded(text: str, full: str) -> None:
    """Stores give out names as people wrote them; browsers fetch them all the same."""
    assert MediaUrl.parse(text).full == full


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not a URL"),
        ("ftp://a.example/x", "not an http or https URL"),
        ("file:///etc/passwd", "not an http or https URL"),
        ("javascript:alert(1)", "not an http or https URL"),
        ("data:text/html,x", "not an http or https URL"),
        ("//a.example/x", "not an http or https URL"),
        ("a.example/x", "not an http or https URL"),
        ("http:///x", "without a host"),
        ("https://:443/x", "without a host"),
        ("https:x", "without a host"),
        ("http://user@a.example/", "with a user name"),
        ("http://a.example\\@b.example/", "with a user name"),
        ("http://user:secret@a.example/", "with a user name"),
        ("http://a.example:99999/", "not a URL"),
        ("http://a.example:port/", "not a URL"),
        ("http://[::1/", "not a URL"),
        ("http://[v1.x]/", "not a URL"),
        ("http://[a.example]/", "not a URL"),
        ("http://a.example/\r\nHost: b", "not a URL"),
        ("http://a.example/\u202e", "not a URL"),
        ("http://a b/", "not a URL"),
        ("http://a.example/\0", "not a URL"),
        ("http://ä.example/", "not a URL"),
        ("http://a.example/" + "x" * 8192, "not a URL"),
    ],
)
def test_what_must_not_be_fetched_is_refused_with_a_reason(text: str, why: str) -> None:
    """Other schemes, credentials, header injection, nonsense."""
    with pytest.raises(UrlRefusedError, match=why) as caught:
        MediaUrl.parse(text)
    assert caught.value.message.isprintable()
    assert "secret" not in caught.value.message


@given(st.text() | st.text(alphabet="htps:/@[]?#.\\%0a1", max_size=60))
def test_no_text_raises_anything_but_a_refusal(text: str) -> None:
    """And what is accepted can be taken apart."""
    for candidate in (text, "http://" + text):
        message = refusal_of(UrlRefusedError, MediaUrl.parse, candidate)
        if message is None:
            url = MediaUrl.parse(candidate)
            assert url.host
            assert url.origin[0] in {"http", "https"}
            assert str(url).isprintable()
        else:
            assert message.isprintable()
            assert len(message) < 1000


def test_a_url_shows_itself_without_its_query() -> None:
    """A presigned query opens the file to whoever reads the log."""
    url = MediaUrl.parse("https://a.example/x.mp4?X-Amz-Signature=secret#part")
    assert str(url) == repr(url) == f"{url}" == "https://a.example/x.mp4?…"
    assert str(MediaUrl.parse("https://a.example/x.mp4")) == "https://a.example/x.mp4"


def test_a_fresh_signature_is_the_same_resource() -> None:
    """So a download goes on under a new URL."""
    one, other = (MediaUrl.parse(f"https://a.example/x.mp4?sig={n}") for n in (1, 2))
    assert one.resource == other.resource == "https://a.example/x.mp4"
    assert one != other


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://A.example/x", ("https", "a.example", 443)),
        ("http://a.example/x", ("http", "a.example", 80)),
        ("HTTP://a.example:8080/x", ("http", "a.example", 8080)),
        ("https://a.example:443/y", ("https", "a.example", 443)),
        ("http://[::1]/", ("http", "::1", 80)),
    ],
)
def test_an_origin_is_scheme_host_and_port(text: str, origin: tuple[str, str, int]) -> None:
    """RFC 6454: the key may not leave it, and a default port is a port."""
    assert MediaUrl.parse(text).origin == origin


def test_a_key_does_not_show_itself() -> None:
    """Not printed, not formatted, not within another value."""
    key = ApiKey("sk-secret")
    assert {str(key), repr(key), f"{key}", repr([key])} == {"***", "[***]"}
    assert key == ApiKey("sk-secret")


def test_a_key_is_masked_in_words_that_echo_it() -> None:
    """Some relays repeat a refused key."""
    assert ApiKey("sk-secret").redact("invalid token sk-secret (sk-secret)") == "invalid token *** (***)"
    assert ApiKey("").redact("nothing to mask") == "nothing to mask"
