"""What the engine takes from inside kombu 5.7 and Celery 5.7. A failure here says where to look after an upgrade.

Both are pinned to `~=5.7.0`. Each name below is one of theirs that no documentation promises, or whose arguments
matter; the last tests find those that are missing here.
"""

import ast
import inspect
from collections.abc import Iterator
from importlib import metadata
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from celery.app import trace
from celery.app.task import Context
from celery.backends import redis as celery_redis
from celery.events import EventDispatcher
from celery.worker import consumer as celery_consumer
from celery.worker import request as celery_request
from celery.worker import state as celery_state
from celery.worker.strategy import default
from kombu.transport import redis as kombu_redis
from kombu.transport.virtual import base as virtual

import tasks.request
import tasks.strategy
import workers.consumer
from buffrsign.broker import channel, consuming, result_backend, transport
from tests.support.broker import TestBroker
from tests.support.plain import Taken, connected, publish

CHANNEL, QOS, POLLER = kombu_redis.Channel, kombu_redis.QoS, kombu_redis.MultiChannelPoller
BACKEND, WAITER = celery_redis.RedisBackend, celery_redis.ResultConsumer
REQUEST, CONSUMER = celery_request.Request, celery_consumer.Consumer


class Rests(NamedTuple):
    """We override or call `name` of `owner` with these arguments; `where` is ours, and what to look at."""

    owner: Any
    name: str
    arguments: str
    where: str


CALLED = [
    Rests(CHANNEL, "_brpop_start", "(self, timeout=None)", "channel.py sends `reserve` or a wait for bells instead"),
    Rests(CHANNEL, "_brpop_read", "(self, **options)", "channel.py reads their answers instead"),
    Rests(CHANNEL, "_create_client", "(self, asynchronous=False)", "channel.py publishes and counts with it"),
    Rests(CHANNEL, "_get_pool", "(self, asynchronous=False)", "consuming.py makes the holder's own client with it"),
    Rests(CHANNEL, "_flush_brpop_reauth", "(self)", "channel.py calls it when nothing is outstanding, as kombu does"),
    Rests(
        CHANNEL, "_get_message_priority", "(self, message, reverse=False)", "publishing.py chooses the list in `_put`"
    ),
    Rests(CHANNEL, "_q_for_pri", "(self, queue, pri)", "channel.py names the lists to reserve from"),
    Rests(CHANNEL, "_put", "(self, queue, message, **kwargs)", "publishing.py accepts a task's message by a script"),
    Rests(CHANNEL, "_put_fanout", "(self, exchange, message, routing_key, **kwargs)", "publishing.py encodes events"),
    Rests(CHANNEL, "_get_publish_topic", "(self, exchange, routing_key)", "publishing.py publishes events there"),
    Rests(CHANNEL, "_size", "(self, queue)", "channel.py adds the suspects"),
    Rests(CHANNEL, "_purge", "(self, queue)", "channel.py cancels what it drops"),
    Rests(CHANNEL, "basic_consume", "(self, queue, *args, **kwargs)", "channel.py puts its own callback in place"),
    Rests(CHANNEL, "basic_cancel", "(self, consumer_tag)", "channel.py gives back what has not started"),
    Rests(CHANNEL, "basic_get", "(self, queue, no_ack=False, **kwargs)", "channel.py reserves one"),
    Rests(CHANNEL, "close", "(self)", "channel.py gives up what it asked for first"),
    Rests(QOS, "can_consume", "(self)", "channel.py: the poller looks only where it says so"),
    Rests(QOS, "append", "(self, message, delivery_tag)", "channel.py writes nothing, the lease was taken before"),
    Rests(QOS, "ack", "(self, delivery_tag)", "channel.py lets it ride with the next reserve"),
    Rests(QOS, "reject", "(self, delivery_tag, requeue=False)", "channel.py gives back or buries"),
    Rests(QOS, "restore_unacked", "(self, client=None)", "channel.py gives back what has not started"),
    Rests(QOS, "restore_visible", "(self, start=0, num=10, interval=10)", "channel.py outlives a full server"),
    Rests(QOS, "_flush", "(self)", "channel.py forgets what was acknowledged"),
    Rests(POLLER, "on_poll_start", "(self)", "transport.py starts a suspect before and flushes after it"),
    Rests(virtual.Transport, "_deliver", "(self, message, queue)", "channel.py hands over what it has taken"),
    Rests(virtual.Message, "__init__", "(self, payload, channel=None, **kwargs)", "channel.py makes it, or buries"),
    Rests(BACKEND, "get", "(self, key)", "result_backend.py reads records"),
    Rests(BACKEND, "mget", "(self, keys)", "result_backend.py reads records"),
    Rests(BACKEND, "_set", "(self, key, value, expires=None)", "result_backend.py saves groups"),
    Rests(BACKEND, "delete", "(self, key)", "result_backend.py forgets the result and keeps the record"),
    Rests(BACKEND, "ensure", "(self, fun, args, **policy)", "result_backend.py writes with its retries"),
    Rests(BACKEND, "get_key_for_task", "(self, task_id, key='')", "result_backend.py names the channel"),
    Rests(
        BACKEND,
        "_get_result_meta",
        "(self, result, state, traceback, request, format_date=True, encode=False)",
        "result_backend.py builds the meta with it",
    ),
    Rests(
        BACKEND,
        "_store_result",
        "(self, task_id, result, state, traceback=None, request=None, **kwargs)",
        "result_backend.py writes into the record",
    ),
    Rests(
        BACKEND,
        "mark_as_failure",
        "(self, task_id, exc, traceback=None, request=None, store_result=True, call_errbacks=True, state='FAILURE')",
        "result_backend.py drops a failure that will be delivered again",
    ),
    Rests(WAITER, "drain_events", "(self, timeout=None)", "result_backend.py looks now and then, too"),
    Rests(WAITER, "on_state_change", "(self, meta, message)", "result_backend.py reads failures from the record"),
    Rests(WAITER, "_reconnect_pubsub", "(self)", "result_backend.py keeps it from MGET"),
    Rests(WAITER, "_locked", "(self)", "result_backend.py swaps what is awaited under it"),
    Rests(WAITER, "reconnect_on_error", "(self)", "result_backend.py looks inside of it"),
    Rests(REQUEST, "on_failure", "(self, exc_info, send_failed_event=True, return_ok=False)", "request.py: crashes"),
    Rests(REQUEST, "on_timeout", "(self, soft, timeout)", "request.py: the hard limit is a crash"),
    Rests(REQUEST, "_announce_revoked", "(self, reason, terminated, signum, expired)", "request.py: cancelled"),
    Rests(REQUEST, "terminate", "(self, pool, signal=None)", "workers/consumer.py ends what does not stop"),
    Rests(
        REQUEST,
        "execute_using_pool",
        "(self, pool: celery.concurrency.base.BasePool, **kwargs)",
        "strategy.py runs the task here",
    ),
    Rests(REQUEST, "on_success", "(self, failed__retval__runtime, **kwargs)", "strategy.py gathers no ids"),
    Rests(REQUEST, "on_accepted", "(self, pid, time_accepted)", "strategy.py lets the pool call it"),
    Rests(REQUEST, "acknowledge", "(self)", "strategy.py acknowledges at once"),
    Rests(CONSUMER, "on_unknown_task", "(self, body, message, exc)", "workers/consumer.py lets it wait"),
    Rests(CONSUMER, "on_unknown_message", "(self, body, message)", "workers/consumer.py buries"),
    Rests(CONSUMER, "on_invalid_task", "(self, body, message, exc)", "workers/consumer.py buries"),
    Rests(CONSUMER, "on_decode_error", "(self, message, exc)", "workers/consumer.py buries"),
    Rests(CONSUMER, "register_with_event_loop", "(self, hub)", "workers/consumer.py looks every second who must stop"),
]

ATTRIBUTES = {
    "_in_poll": "the connection that an answer is awaited on; the poller and `close` ask for it",
    "_brpop_sent_at": "since when; kombu's health check drops a connection that is overdue",
    "_queue_cycle": "the fair order of the queues",
    "_tag_to_queue": "the queue of a consumer that is cancelled",
    "_qos": "how much may be taken",
}
"""What a channel of kombu's has, beside what it can do."""

NAMED_ELSEWHERE = {
    "_callbacks": "of the transport: what a queue's messages are given to",
    "_channels": "of the poller: those it looks at",
    "_delivered": "of the QoS: what was delivered, by tag",
    "_quick_ack": "of the QoS: forgets a tag",
    "_decoded": "of the request: whether its body is no text any more",
    "_body": "of the request: what its tracer gets",
    "_content_type": "of the request: None says that its body is decoded",
    "_content_encoding": "of the request",
    "_Request__payload": "of the request: the body, decoded",
    "_argsrepr": "of the request: what events and Flower show",
    "_kwargsrepr": "of the request",
    "_request_dict": "of the request: what its task sees as `self.request`",
    "_app": "of the request",
    "_type": "of the request: its task's name",
    "_task": "of the request",
    "_message": "of the request",
    "_connection_errors": "of the request",
    "_maximum_prefetch_restored": "of the consumer: after a lost connection, acknowledging raises the prefetch again",
    "_pubsub": "of the result consumer",
    "_pending_unsubscribe": "of the result consumer",
}
"""Tested by name below, where the object lives."""

MODULES = [channel, transport, consuming, result_backend, tasks.request, tasks.strategy, workers.consumer]


@pytest.mark.parametrize("package", ["kombu", "celery"])
def test_the_pins_hold(package: str) -> None:
    installed = metadata.version(package)
    required = [line for line in metadata.requires("buffrsign") or [] if line.startswith(package)]

    assert installed.startswith("5.7."), f"{package} {installed} was never tried: read this file's failures first"
    assert any("~=5.7.0" in line for line in required), f"pyproject.toml must pin {package} ~=5.7.0"


@pytest.mark.parametrize("rests", CALLED, ids=lambda rests: f"{rests.owner.__name__}.{rests.name}")
def test_what_we_override_or_call_is_as_it_was(rests: Rests) -> None:
    found = getattr(rests.owner, rests.name, None)

    assert found is not None, f"{rests.owner.__name__}.{rests.name} is gone: {rests.where}"
    arguments = str(inspect.signature(found))
    assert arguments == rests.arguments, f"its arguments are {arguments} now: {rests.where}"


@pytest.mark.parametrize("rests", CALLED, ids=lambda rests: f"{rests.owner.__name__}.{rests.name}")
def test_what_we_put_in_its_place_can_be_called_like_it(rests: Rests) -> None:
    ours = {CHANNEL: transport.Channel, QOS: channel.QoS, POLLER: transport.Poller, CONSUMER: workers.consumer.Consumer}
    ours |= {BACKEND: result_backend.RecordBackend, WAITER: result_backend.RecordConsumer}
    ours |= {REQUEST: tasks.request.JobRequest}
    owner: Any = ours.get(rests.owner, rests.owner)

    theirs = inspect.signature(getattr(rests.owner, rests.name)).parameters.values()
    least = [each for each in theirs if each.default is each.empty and each.kind is each.POSITIONAL_OR_KEYWORD]
    inspect.signature(getattr(owner, rests.name)).bind(*least, **_wanted(getattr(owner, rests.name), len(least)))


def _wanted(function: Any, given: int) -> dict[str, None]:
    """Arguments that ours asks for and kombu's caller passes by name or within `*args`."""
    asked = [each for each in inspect.signature(function).parameters.values() if each.default is each.empty]
    return {each.name: None for each in asked[given:] if each.kind is each.POSITIONAL_OR_KEYWORD}


def test_the_poller_hands_a_channel_its_turn_as_it_did() -> None:
    start, read = inspect.getsource(POLLER._register_BRPOP), inspect.getsource(CHANNEL.__init__)

    assert "channel._brpop_start()" in start, "nobody starts what channel.py asks for: see its `_brpop_start`"
    assert "'BRPOP': self._brpop_read" in read, "nobody reads what channel.py asked for: see its `_brpop_read`"
    assert "if not channel._in_poll" in start, "channel.py sends one command at a time, and relies on this"
    assert "channel.qos.can_consume()" in inspect.getsource(POLLER.on_poll_start), "see QoS.can_consume in channel.py"


def test_a_message_of_kombu_s_is_in_the_list_as_the_scripts_expect(broker: TestBroker) -> None:
    with connected(broker) as connection:
        job_id = publish(connection, priority=3)
        stored = broker.client.rpop("maintenance\x06\x163")

    assert kombu_redis.Channel.sep == "\x06\x16", "buffrsign/broker/keys.py spells it, and lua/shared too"
    assert kombu_redis.PRIORITY_STEPS == [0, 3, 6, 9], "buffrsign/broker/keys.py spells them"
    assert stored, "kombu puts messages elsewhere: see keys.ready_lists"
    assert job_id.encode() in stored


def test_a_live_channel_has_what_ours_uses(broker: TestBroker) -> None:
    with connected(broker) as connection:
        publish(connection)
        taken = Taken(connection)
        taken.drain(until=1)
        live, qos = taken.channel, taken.channel.qos

        for name, why in ATTRIBUTES.items():
            assert hasattr(live, name), f"a channel has no {name} any more: {why}"
        assert live.active_queues == ["maintenance"]
        assert live._queue_cycle.consume(1) == ["maintenance"]
        assert live._tag_to_queue == {taken.consumer._active_tags["maintenance"]: "maintenance"}
        assert list(live.connection._callbacks) == ["maintenance"], "channel.py puts its own callback there"
        assert live in live.connection.cycle._channels, "transport.py walks them before and after each round"
        assert live.client.connection is not None, "channel.py sends its commands on it"
        assert live.handlers["BRPOP"] == live._brpop_read
        [tag] = qos._delivered
        assert qos._delivered[tag] is taken.messages[0], "channel.py finds the job id there"
        qos._quick_ack(tag)
        qos._flush()
        assert not qos._delivered, "an acknowledged message stays in memory: see QoS.ack in channel.py"


def test_the_transport_s_own_options_are_added_to_kombu_s() -> None:
    assert "visibility_timeout" in CHANNEL.from_transport_options
    assert transport.Channel.from_transport_options[-1] == "lease_s"
    assert transport.Transport.implements.batch_publish is False, "batches would pass by the schedule"


def test_a_worker_s_requests_that_run_are_known_with_their_messages() -> None:
    assert isinstance(celery_state.active_requests, set | frozenset) or hasattr(celery_state.active_requests, "add")
    assert {"message", "delivery_info", "id", "name", "hostname"} <= set(dir(REQUEST)), "tasks/request.py reads them"
    assert {"should_stop", "should_terminate"} <= set(vars(celery_state)), "consuming.py tells a stop by them"
    assert (celery_state.should_stop, celery_state.should_terminate) == (None, None), "consuming.py takes None for no"


def test_a_request_that_is_told_its_decoded_body_is_not_decoded_again() -> None:
    made = inspect.getsource(REQUEST.__init__)
    traced = inspect.getsource(trace.fast_trace_task)

    for name in ("self._decoded", "self._body", "self._content_type, self._content_encoding", "self.__payload"):
        assert f"{name} = " in made or f"{name} =" in made, f"it has no {name} any more: see tasks/request.py"
    assert "args, kwargs, embed = body" in traced, "what has no content type is decoded all the same"
    assert "saferepr(R, resultrepr_maxsize)" in inspect.getsource(trace), "see quick_repr in workers/in_process.py"


def test_a_request_with_headers_of_its_own_is_not_searched_for_them() -> None:
    made = inspect.getsource(Context.__init__)

    assert "if self.headers is None:" in made, "its headers are gathered all the same: see tasks/request.py"
    assert "celery_keys = {*Context.__dict__.keys(), 'lang', 'task', 'argsrepr', 'kwargsrepr', 'compression'}" in (
        inspect.getsource(Context._get_custom_headers)
    ), "Celery takes other headers for a caller's own now: see tasks/request.py"


def test_a_strategy_does_what_ours_leaves_to_celery() -> None:
    source = inspect.getsource(default)

    for asked in ("req.eta", "req.expires", "revoked_tasks", "req.revoked()", "get_bucket(task.name)", "task_reserved"):
        assert asked in source, f"Celery does not ask for {asked} any more: see tasks/strategy.py"
    for called in ("task_received.send", "'task-received'", "callback(req)", "handle(req)"):
        assert called in source, f"Celery does not call {called} any more: see tasks/strategy.py"
    assert "_maximum_prefetch_restored" in inspect.getsource(CONSUMER.create_task_handler)


def test_the_dispatcher_of_events_has_what_ours_uses() -> None:
    source = inspect.getsource(EventDispatcher)

    for name in ("_group_buffer", "buffer_limit", "on_send_buffered", "buffer_group", "groups"):
        assert f"self.{name}" in source, f"it has no {name} any more: see workers/events.py"
    assert {"event", "producer", "routing_key"} <= set(inspect.signature(EventDispatcher._publish).parameters)


def test_the_result_consumer_has_what_ours_uses() -> None:
    source = inspect.getsource(celery_redis.ResultConsumer)

    for name in ("_pubsub", "_pending_unsubscribe", "subscribed_to"):
        assert f"self.{name}" in source, f"it has no {name} any more: see RecordConsumer._reconnect_pubsub"
    assert celery_redis.RedisBackend.ResultConsumer is celery_redis.ResultConsumer, "it is not taken from the class"


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_private_name_that_we_use_is_held_by_this_file(module: ModuleType) -> None:
    held = {rests.name for rests in CALLED} | set(ATTRIBUTES) | set(NAMED_ELSEWHERE)

    assert sorted(set(_foreign(module)) - held) == []


def _foreign(module: ModuleType) -> Iterator[str]:
    """Private names that a module uses and neither it nor its classes make."""
    tree = ast.parse(inspect.getsource(module))
    nodes = list(ast.walk(tree))
    made = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    made |= {node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)}
    made |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for node in nodes:
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
            theirs = any(
                hasattr(owner, node.attr) for owner in (CHANNEL, QOS, POLLER, BACKEND, WAITER, REQUEST, CONSUMER)
            )
            if theirs or node.attr not in made:
                yield node.attr
