"""The one way to a publisher: time limits, patience, pace, conditional requests, no secret in any word."""

from __future__ import annotations

import hashlib
import random
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

import httpx
import tenacity

import reportgen
from reportgen.errors import ConfigError, FetchError, MalformedError, RefusedError, UnreachableError
from reportgen.sources.pacing import OTHERWISE, PER_MINUTE, Pace
from reportgen.sources.redaction import Redactor

NOTHING: Mapping[str, str] = MappingProxyType({})
_REDIRECTS = 5
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_CUT_OFF = "the body ends early"
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """How the desk reaches the publishers.

    `bases` replaces scheme and host of a source's addresses, for a mirror or a replay server. Proxies and
    SSL_CERT_FILE of the environment are honoured; `ca_bundle` goes before the latter.
    """

    bases: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)  # by source
    ca_bundle: Path | None = None
    connect_seconds: float = 10.0
    read_seconds: float = 30.0
    total_seconds: float = 180.0  # of one answer, all attempts and pauses included
    attempts: int = 5
    longest_wait: float = 60.0  # a publisher that asks for more patience is left for the next run
    max_bytes: int = 64 * 2**20
    per_minute: Mapping[str, int] = field(default_factory=dict)  # requests by source, where not ours


@dataclass(frozen=True, slots=True)
class Reply:
    """A publisher's answer, whole."""

    url: str  # as asked for, without keys
    status: int
    body: bytes
    headers: Mapping[str, str]  # names in lower case
    retrieved: datetime
    not_modified: bool = False
    requests: int = 1  # attempts made
    bytes: int = 0  # received over the wire, of all attempts
    slot: str = ""  # where its validators are remembered

    @property
    def sha256(self) -> str:
        """Return the digest of the body."""
        return hashlib.sha256(self.body).hexdigest()


class _TryAgainError(Exception):
    """An attempt failed in a way that may pass."""

    def __init__(self, failure: FetchError, wait: float | None = None) -> None:
        super().__init__(failure.message)
        self.failure, self.wait = failure, wait


class Transport:
    """Asks publishers; safe to use from several threads.

    `memory` holds the validators of answers by slot; the engine keeps it between runs. Nothing enters it
    before `remember`, so that an answer which was not stored is asked for again. `trust` holds certificates
    that are read already, for those who open several transports.
    """

    def __init__(
        self,
        settings: ClientSettings,
        memory: MutableMapping[str, dict[str, Any]],
        *,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None] = time.sleep,
        ticks: Callable[[], float] = time.monotonic,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self.settings, self.memory, self.clock = settings, memory, clock
        self._sleep, self._ticks = sleep, ticks
        self._paces: dict[str, Pace] = {}
        self._lock = threading.Lock()
        self.redact = Redactor(settings.keys.values())
        self.redact.hush()
        self._client = _client(settings, trust or trusted(settings.ca_bundle))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()
        self.redact.unhush()

    def key(self, source: str) -> str | None:
        """Return the desk's key for a source, None if there is none."""
        return self.settings.keys.get(source) or None

    def get(
        self,
        url: str,
        params: Mapping[str, str] = NOTHING,
        *,
        source: str,
        headers: Mapping[str, str] = NOTHING,
        slot: str = "",
        accept: frozenset[int] = frozenset(),
    ) -> Reply:
        """Return a publisher's answer; with a `slot`, only if it changed since it was remembered there.

        A slot of the memory holds one address: one that moves with the date leaves nothing behind.
        Statuses in `accept` are answers too, for publishers that explain a refusal in the body.

        Raises: UnreachableError, RefusedError or MalformedError, none of which shows a key.
        """
        address = httpx.URL(url, params=dict(params)) if params else httpx.URL(url)
        asked = self.redact(str(address))
        asking = dict(headers)
        known = self.memory.get(slot, {}) if slot else {}
        if known.get("url") == asked:
            asking |= _conditions(known)
        attempt = _Attempt(self, source, self._based(address, source), asked, asking, accept)
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_TryAgainError),
            stop=tenacity.stop_after_attempt(self.settings.attempts),
            wait=self._patience,
            sleep=attempt.rest,
            reraise=True,
        )
        failure: FetchError
        try:
            return replace(retrying(attempt), slot=slot)
        except _TryAgainError as error:
            failure = error.failure
            cause = error.__cause__
        said = "" if attempt.made == 1 else f" (after {attempt.made} attempts)"
        raise type(failure)(failure.message + said, hint=failure.hint) from cause

    def remember(self, reply: Reply) -> None:
        """Keep an answer's validators, once what it brought is stored."""
        validators = {
            name: reply.headers[name] for name in ("etag", "last-modified") if name in reply.headers
        }
        if reply.status == 200 and reply.slot:
            self.memory[reply.slot] = {"url": reply.url, **validators}

    def _based(self, address: httpx.URL, source: str) -> httpx.URL:
        base = self.settings.bases.get(source)
        if base is None:
            return address
        try:
            other = httpx.URL(base)
        except httpx.InvalidURL as error:
            raise ConfigError(f"{source}: base address {base!r}: {error}") from error
        return address.copy_with(
            scheme=other.scheme,
            host=other.host,
            port=other.port,
            raw_path=other.raw_path.rstrip(b"/") + address.raw_path,
        )

    def _pace(self, host: str, source: str) -> Pace:
        with self._lock:
            if host not in self._paces:
                limit = self.settings.per_minute.get(source, PER_MINUTE.get(source, OTHERWISE))
                self._paces[host] = Pace(limit, self._ticks, self._sleep)
            return self._paces[host]

    def _patience(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, _TryAgainError) and error.wait is not None:
            return error.wait
        return min(2.0 ** (state.attempt_number - 1), 30.0) * random.uniform(0.75, 1.25)


class _Attempt:
    """One question, asked as often as need be."""

    def __init__(
        self,
        transport: Transport,
        source: str,
        address: httpx.URL,
        asked: str,
        headers: dict[str, str],
        accept: frozenset[int],
    ) -> None:
        self._transport, self._settings = transport, transport.settings
        self._source, self._address, self._asked = source, address, asked
        self._headers, self._accept = headers, accept
        self._end = transport._ticks() + self._settings.total_seconds
        self.made = self.received = 0

    def rest(self, seconds: float) -> None:
        """Pause between two attempts; give up if the answer could not come in time any more."""
        if seconds > self._left():
            raise self._unreachable(
                f"no answer within {self._settings.total_seconds:g} s ({self.made} attempts)"
            )
        self._transport._sleep(seconds)

    def __call__(self) -> Reply:
        self._transport._pace(self._address.host, self._source).wait()
        address = self._address
        for _ in range(_REDIRECTS):
            self.made += 1
            response = self._ask(address)
            if not (response.has_redirect_location and response.next_request is not None):
                return self._judge(response)
            onward = response.next_request.url
            if onward.host != address.host and self._transport.key(self._source):
                where = self._transport.redact(onward.host)
                raise MalformedError(
                    f"{self._asked}: sends us on to {where}, which must not see the key",
                    hint="See whether the publisher has moved.",
                )
            if address.scheme == "https" and onward.scheme != "https":
                raise MalformedError(f"{self._asked}: sends us on to {onward.scheme}, expected https")
            address = onward
        raise MalformedError(f"{self._asked}: sends us on more than {_REDIRECTS} times")

    def _left(self) -> float:
        return self._end - self._transport._ticks()

    def _ask(self, address: httpx.URL) -> httpx.Response:
        """Ask once and read the whole body, within the limits of time and size."""
        begun = False
        try:
            with self._transport._client.stream("GET", address, headers=self._headers) as response:
                begun = True
                sent = bytearray()
                for chunk in response.iter_raw():
                    sent += chunk
                    self._within_limit(len(sent))
                    if self._left() < 0:
                        raise self._unreachable(f"not all there after {self._settings.total_seconds:g} s")
                self.received += response.num_bytes_downloaded
                response._content = self._unpacked(bytes(sent), response)  # iter_raw leaves it unset
                return response
        except httpx.RequestError as error:
            raise self._passing(_clean(error, self._transport.redact), begun) from error

    def _within_limit(self, size: int) -> None:
        limit = self._settings.max_bytes
        if size > limit:
            raise MalformedError(f"{self._asked}: more than {limit:,} bytes, expected fewer")

    def _unpacked(self, sent: bytes, response: httpx.Response) -> bytes:
        """Return the body as it was before it was packed; httpx takes a stream cut off for a whole one."""
        coding = response.headers.get("content-encoding", "").strip().lower()
        if coding in ("", "identity"):
            return sent
        if coding not in ("gzip", "x-gzip"):
            raise MalformedError(f"{self._asked}: a body packed as {coding!r}, expected gzip")
        body = bytearray()
        try:
            while sent:  # one stream may follow another
                stream = zlib.decompressobj(_GZIP)
                body += stream.decompress(sent, self._settings.max_bytes + 1 - len(body))
                self._within_limit(len(body))
                if not stream.eof:
                    raise _TryAgainError(MalformedError(f"{self._asked}: {_CUT_OFF} (within its packing)"))
                sent = stream.unused_data
        except zlib.error as error:
            failure = MalformedError(f"{self._asked}: the body cannot be unpacked ({error})")
            raise _TryAgainError(failure) from error
        return bytes(body)

    def _passing(self, error: httpx.RequestError, begun: bool) -> FetchError | _TryAgainError:
        words = str(error) or type(error).__name__
        if isinstance(error, httpx.RemoteProtocolError) and begun:
            return _TryAgainError(MalformedError(f"{self._asked}: {_CUT_OFF} ({words})"))
        if isinstance(error, httpx.TimeoutException):
            return _TryAgainError(self._unreachable(f"no answer in time ({type(error).__name__})"))
        if isinstance(error, (httpx.UnsupportedProtocol, httpx.LocalProtocolError)):
            return self._unreachable(words)
        if "CERTIFICATE_VERIFY_FAILED" in words:
            return self._unreachable(
                words, hint="Behind a proxy that opens connections, name the firm's CA bundle."
            )
        return _TryAgainError(self._unreachable(words))

    def _judge(self, response: httpx.Response) -> Reply:
        status = response.status_code
        headers = {name.lower(): value for name, value in response.headers.items()}
        conditional = {"If-None-Match", "If-Modified-Since"} & self._headers.keys()
        if status == 200 or status in self._accept or (status == 304 and conditional):
            return Reply(
                self._asked,
                status,
                self._transport.redact.body(response.content),
                MappingProxyType(headers),
                self._transport.clock(),
                not_modified=status == 304,
                requests=self.made,
                bytes=self.received,
            )
        excerpt = self._transport.redact(" ".join(response.text.split())[:160])
        words = f"answers {status} {response.reason_phrase}".rstrip() + (f": {excerpt}" if excerpt else "")
        if status not in _BUSY:
            raise RefusedError(f"{self._asked}: {words}")
        wait = _retry_after(headers.get("retry-after"), self._transport.clock())
        busy = self._unreachable(words)
        if wait is not None and wait > self._settings.longest_wait:
            raise UnreachableError(
                busy.message, hint=f"The publisher asks for {wait:.0f} s of patience; fetch again after that."
            )
        raise _TryAgainError(busy, wait)

    def _unreachable(self, words: str, hint: str | None = None) -> UnreachableError:
        return UnreachableError(f"{self._asked}: {words}", hint=hint)


def _conditions(validators: Mapping[str, Any]) -> dict[str, str]:
    named = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
    return {header: str(validators[name]) for name, header in named.items() if validators.get(name)}


def _retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header asks for, None if it says nothing that we understand."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
        return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())
    except (ValueError, OverflowError):
        return None


def _clean(error: httpx.RequestError, redact: Redactor) -> httpx.RequestError:
    """Take the secrets out of a library's error, which stays on the chain as the cause."""
    error.args = tuple(redact(str(a)) for a in error.args)
    if error._request is not None:
        error.request = httpx.Request("GET", redact(str(error._request.url)))
    return error


def trusted(bundle: Path | None) -> ssl.SSLContext:
    """Read the certificates that publishers are judged by: the firm's, the environment's or the usual ones.

    Raises: ConfigError if there are none to be read.
    """
    try:
        return httpx.create_ssl_context() if bundle is None else ssl.create_default_context(cafile=bundle)
    except OSError as error:  # an ssl.SSLError too
        name = "the bundle named by SSL_CERT_FILE" if bundle is None else str(bundle)
        raise ConfigError(f"{name}: no usable CA bundle ({error}), expected certificates in PEM") from error


def _client(settings: ClientSettings, trust: ssl.SSLContext) -> httpx.Client:
    try:
        return httpx.Client(
            verify=trust,
            timeout=httpx.Timeout(settings.read_seconds, connect=settings.connect_seconds),
            headers={"User-Agent": f"reportgen/{reportgen.__version__}", "Accept-Encoding": "gzip"},
        )
    except (ValueError, httpx.InvalidURL, ImportError):  # the last for SOCKS, which needs a further library
        raise ConfigError(
            "proxy: not an address that can be used",
            hint="Expected http://host:port in HTTP_PROXY, HTTPS_PROXY and ALL_PROXY.",
        ) from None  # whose words may hold a password
