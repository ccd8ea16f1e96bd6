"""Each answer that a server may give, from a real one on this machine, and what is made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from reportgen.delivery.transport import SmtpServer, TemporaryError, without_addresses
from reportgen.errors import DeliveryError
from tests.delivery.conftest import Running, Script, Start, free_port, settings

CONTENT = b"Subject: x\r\n\r\none\r\n.\r\n..two\r\nthree\r\n"
Connect = Callable[..., SmtpServer]
READER, SECOND = "reader@client.example.com", "second@client.example.com"


@pytest.fixture
def connect(serve: Start) -> Iterator[Callable[..., SmtpServer]]:
    """Connect to a server; the connection ends before the server does."""
    made: list[SmtpServer] = []

    def connected(running: Running, password: str = "") -> SmtpServer:
        made.append(SmtpServer(running.mail.smtp, password, "desk.example.com"))
        made[-1].open()
        return made[-1]

    yield connected
    for server in made:
        server.close()


def deliver(made: SmtpServer, address: str = READER):
    made.open()
    return made.deliver("bounces@desk.example.com", address, CONTENT)


def test_messages_go_over_one_connection_and_arrive_as_they_were(serve: Start, connect: Connect) -> None:
    running = serve()
    made = connect(running)
    outcomes = [deliver(made, f"r{n}@client.example.com") for n in range(5)]
    made.close()
    assert [(o.what, o.stage, o.code) for o in outcomes] == [("accepted", "end of DATA", 250)] * 5
    assert outcomes[3].reply == "250 2.0.0 Ok: queued as 3"
    assert running.script.addresses == [f"r{n}@client.example.com" for n in range(5)]
    assert running.script.seen == [CONTENT] * 5
    assert running.script.secured == [True] * 5
    assert len(running.script.sessions) == 1


def test_tls_from_the_start(serve: Start, connect: Connect) -> None:
    running = serve(security="tls")
    assert deliver(connect(running)).what == "accepted"
    assert running.script.secured == [True]


def test_the_password_opens_a_server_that_asks_for_one(serve: Start, connect: Connect) -> None:
    running = serve(Script(users={"desk": "s3cret-pass"}), user="desk")
    assert deliver(connect(running, "s3cret-pass")).what == "accepted"
    with pytest.raises(DeliveryError) as refused:
        connect(running, "wr0ng-pass")
    assert "refuses user desk" in str(refused.value)
    assert "wr0ng-pass" not in f"{refused.value!r}{refused.value.__cause__}"


@pytest.mark.parametrize(
    ("script", "what", "stage", "reply"),
    [
        (Script(at_data=["451 4.3.0 try later"]), "deferred", "end of DATA", "451 4.3.0 try later"),
        (Script(at_data=["421 4.3.2 closing"]), "deferred", "end of DATA", "421 4.3.2 closing"),
        (Script(at_data=["550 5.7.1 spam"]), "failed", "end of DATA", "550 5.7.1 spam"),
        (
            Script(at_rcpt=["550 5.1.1 <reader@client.example.com>: unknown"]),
            "failed",
            "RCPT TO",
            "550 5.1.1 <address> : unknown",
        ),
        (Script(at_rcpt=["450 4.2.1 greylisted"]), "deferred", "RCPT TO", "450 4.2.1 greylisted"),
        (Script(at_rcpt=["421 4.3.2 closing"]), "deferred", "RCPT TO", "421 4.3.2 closing"),
        (Script(at_mail=["251 2.1.0 odd"]), "accepted", "end of DATA", "250 2.0.0 Ok: queued as 0"),
        (Script(at_rcpt=["252 2.1.5 shall try"]), "accepted", "end of DATA", "250 2.0.0 Ok: queued as 0"),
        (Script(at_mail=["451 4.3.0 not now"]), "deferred", "MAIL FROM", "451 4.3.0 not now"),
        (Script(at_mail=["close"]), "deferred", "MAIL FROM", "the server closed the connection"),
        (Script(at_rcpt=["close"]), "deferred", "RCPT TO", "the server closed the connection"),
        (Script(at_data=["close"]), "in_doubt", "end of DATA", "the server closed the connection"),
    ],
    ids=lambda value: (
        "-".join(value.at_data + value.at_rcpt + value.at_mail) if isinstance(value, Script) else None
    ),
)
def test_an_answer_and_the_next_message(
    serve: Start, connect: Connect, script: Script, what: str, stage: str, reply: str
) -> None:
    script = Script(list(script.at_data), list(script.at_rcpt), list(script.at_mail))
    running = serve(script)
    made = connect(running)
    outcome = deliver(made)
    assert (outcome.what, outcome.stage, outcome.reply) == (what, stage, reply)
    assert deliver(made, SECOND).what == "accepted"  # over the same connection or a new one
    assert running.script.addresses == [*([READER] if what == "accepted" else []), SECOND]


@pytest.mark.parametrize(("at", "what"), [("at_rcpt", "deferred"), ("at_data", "in_doubt")])
def test_a_server_that_hangs(serve: Start, connect: Connect, at: str, what: str) -> None:
    script = Script(at_data=["hang"]) if at == "at_data" else Script(at_rcpt=["hang"])
    running = serve(script, timeout_s=0.3)
    made = connect(running)
    outcome = deliver(made)
    assert (outcome.what, outcome.reply) == (what, "no answer in time")
    running.script.released.set()
    assert deliver(made).what == "accepted"


def test_a_refused_sender_ends_the_sending(serve: Start, connect: Connect) -> None:
    made = connect(serve(Script(at_mail=["550 5.7.1 not you"])))
    with pytest.raises(DeliveryError, match=r"refuses the sender that desk.toml names: 550 5\.7\.1 not you"):
        deliver(made)


def test_a_message_larger_than_the_server_takes_is_not_tried(serve: Start, connect: Connect) -> None:
    running = serve(size=20)
    with pytest.raises(DeliveryError, match=r"takes messages of at most 20 bytes, this one has 36"):
        deliver(connect(running))
    assert running.script.sessions == set()


def test_a_server_that_asks_for_patience_at_the_log_in(serve: Start, connect: Connect) -> None:
    script = Script(users={"desk": "s3cret-pass"}, at_auth=["421 4.7.0 too many log-ins"] * 2)
    running = serve(script, user="desk")
    with pytest.raises(TemporaryError, match=r"421 4\.7\.0 too many log-ins"):
        connect(running, "s3cret-pass")
    assert deliver(connect(running, "s3cret-pass")).what == "accepted"


def test_a_port_that_begins_in_the_clear_is_told_from_a_stranger(serve: Start) -> None:
    clear = serve().mail.smtp.model_copy(update={"security": "tls"})
    with pytest.raises(DeliveryError) as refused:
        SmtpServer(clear, "", "desk.example.com").open()
    assert "ca_file" not in str(refused.value)
    assert 'security = "starttls"' in str(refused.value)


def test_nothing_is_sent_in_the_clear(serve: Start, connect: Connect) -> None:
    running = serve(tls=False)
    with pytest.raises(
        DeliveryError, match="does not offer STARTTLS, and the desk sends nothing in the clear"
    ):
        connect(running)
    assert running.script.seen == []


def test_a_server_that_cannot_prove_who_it_is(serve: Start, connect: Connect) -> None:
    mail = serve().mail
    stranger = mail.smtp.model_copy(update={"ca_file": ""})
    with pytest.raises(DeliveryError, match="no trusted TLS connection: self-signed certificate"):
        SmtpServer(stranger, "", "desk.example.com").open()
    other_name = mail.smtp.model_copy(update={"host": "127.0.0.1"})
    with pytest.raises(DeliveryError, match="no trusted TLS connection: IP address mismatch"):
        SmtpServer(other_name, "", "desk.example.com").open()


def test_a_server_that_is_not_there() -> None:
    made = SmtpServer(settings(port=free_port()).smtp, "", "desk.example.com")
    with pytest.raises(TemporaryError, match="Connection refused"):
        made.open()


def test_a_server_of_this_machine_may_do_without_tls(serve: Start, connect: Connect) -> None:
    running = serve(tls=False, security="none")
    made = connect(running)
    assert deliver(made).what == "accepted"
    assert running.script.secured == [False]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("550 5.1.1 <o'brien@client.example.com>... unknown", "550 5.1.1 <address> ... unknown"),
        ("rcpt 'zoe@client.example.com', later", "rcpt <address>', later"),
        ('550 "Zoë Ünal"@client.example.com unknown', "550 <address> unknown"),
        ("550 see http://mx.example/?to=zoe%40client.example.com", "550 see http:<address>"),
        ('550 "unknown": "zoe@client.example.com"', '550 "unknown": "<address>"'),
        ("452 full\x1b]0;title\x07 \u202eoops", "452 full ]0;title oops"),
    ],
)
def test_a_servers_words_name_nobody_and_command_no_terminal(said: str, kept: str) -> None:
    assert without_addresses(said) == kept
