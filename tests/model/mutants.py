"""Mistakes that the model must find: one for each promise that a line of a script keeps."""

from tests.model.engine import Mutant

_END_OF_RELEASE = "release(lease)\nensure_record"

MUTANTS = (
    Mutant(
        "a reserve writes no lease",
        "reserve",
        "  redis.call('HSET', K.holder .. holder, lease, list .. '\\0' .. message)\n",
        "",
    ),
    Mutant(
        "a reserve does not say who holds", "reserve", "redis.call('ZADD', K.holders, now + lease_ms, holder)\n", ""
    ),
    Mutant("a reserve looks at suspects like at any job", "reserve", "    reply[2] = '1'\n", ""),
    Mutant("a reserve gives a suspect and more", "reserve", "    credit = 0\n", ""),
    Mutant(
        "a busy worker takes a suspect at once",
        "reserve",
        "(held == 0 or now - since >= L.suspect_waits_ms)",
        "true",
    ),
    Mutant("a suspect stays where it was taken", "reserve", "    redis.call('ZREM', suspects, message)\n", ""),
    Mutant(
        "a reserve wakes nobody for what it leaves", "reserve", "if credit == 0 then\n  for", "if false then\n  for"
    ),
    Mutant("a reserve promotes nothing", "reserve", "promote(100, now)", "0, 0, -1"),
    Mutant(
        "a reserve reads first and removes later",
        "reserve",
        "redis.call('RPOP', ARGV[at], credit)",
        "redis.call('LRANGE', ARGV[at], -credit, -1)",
    ),
    Mutant(
        "an acknowledgement is not fenced",
        "prelude",
        "  local begun = has_begun(lease, job_id)\n  if not release(lease) then\n    return\n  end\n",
        "  local begun = redis.call('HGET', K.record .. job_id, 'state') == 'running'\n  release(lease)\n",
    ),
    Mutant(
        "an acknowledgement releases nothing",
        "prelude",
        "  if not release(lease) then\n    return\n  end\n  if begun",
        "  if begun",
    ),
    Mutant(
        "what is promoted stays in the schedule",
        "prelude",
        "    leave_schedule(job_id, series)\n    local late",
        "    local late",
    ),
    Mutant(
        "what is promoted is promoted too early",
        "prelude",
        "ZRANGE', K.schedule, '-inf', now,",
        "ZRANGE', K.schedule, '-inf', now + 1000,",
    ),
    Mutant(
        "a promoted record is not said to be ready",
        "prelude",
        "      redis.call('HSET', record, 'state', 'ready')\n      redis.call('HDEL', record, 'message')",
        "      redis.call('HDEL', record, 'message')",
    ),
    Mutant(
        "a promotion forgets the priority", "prelude", "'LPUSH', list or queue, message", "'LPUSH', 'nowhere', message"
    ),
    Mutant(
        "an expired job is promoted",
        "prelude",
        "elseif expires_at and now > tonumber(expires_at) then",
        "elseif false then",
    ),
    Mutant("a begin asks for no lease", "begin", "if not holds(lease) then", "if false then"),
    Mutant(
        "a begin does not see a run beside it",
        "begin",
        "if state == 'running' and lease ~= '' and by and not repeated and holds(by) then",
        "if false then",
    ),
    Mutant(
        "a begin does not see that a job ended",
        "begin",
        "if is_final(state) or tonumber(ARGV[6])",
        "if tonumber(ARGV[6])",
    ),
    Mutant(
        "a begin does not see that a try is over",
        "begin",
        "is_final(state) or tonumber(ARGV[6]) < tonumber(retries or 0)",
        "is_final(state)",
    ),
    Mutant("a begin counts again when asked again", "begin", "if not repeated then", "if true then"),
    Mutant("a begin runs what was asked to stop", "begin", "if cancel == '1' or (expires_at", "if (expires_at"),
    Mutant("a begin does not say by which lease", "begin", "    redis.call('HSET', record, 'lease', lease)\n", ""),
    Mutant(
        "a recovery counts no crash",
        "prelude",
        "redis.call('HINCRBY', record, 'crashes', 1)\n  local cancel",
        "0\n  local cancel",
    ),
    Mutant(
        "a recovery takes every job for a crash",
        "prelude",
        "      if has_begun(lease, job_id) then\n        local outcome",
        "      if true then\n        local outcome",
    ),
    Mutant(
        "a recovery takes no job for a crash",
        "prelude",
        "      if has_begun(lease, job_id) then\n        local outcome",
        "      if false then\n        local outcome",
    ),
    Mutant(
        "a recovery does not wait for those who could not renew",
        "prelude",
        "if now - looked_at > lease_ms / 2 then",
        "if false then",
    ),
    Mutant(
        "a recovery takes what has not run out",
        "prelude",
        "if holder and tonumber(expiry) <= now then",
        "if holder then",
    ),
    Mutant(
        "a suspect is given back among the others",
        "prelude",
        "  if suspect then\n    redis.call('ZADD'",
        "  if false then\n    redis.call('ZADD'",
    ),
    Mutant(
        "a suspect that waited is promoted among the others",
        "prelude",
        "  if suspect then\n        redis.call('ZADD'",
        "  if false then\n        redis.call('ZADD'",
    ),
    Mutant(
        "a deferral does not see that another message counts",
        "defer",
        "if is_final(state) or waits or (by and holds(by)) or try_of(message) < tonumber(retries or 0) then",
        "if is_final(state) then",
    ),
    Mutant(
        "a message of Celery's revives a job that has ended",
        "put",
        "if is_final(state) or redis.call",
        "if redis.call",
    ),
    Mutant(
        "a job that crashed goes back among the others",
        "prelude",
        "  redis.call('ZADD', K.suspects .. queue, now, message)\n  ring(K.bell .. queue)\n  return",
        "  redis.call('RPUSH', list, message)\n  ring(K.bell .. queue)\n  return",
    ),
    Mutant("a killer is never buried", "prelude", "if crashes >= L.crashes then", "if false then"),
    Mutant(
        "what is given back is also kept",
        "prelude",
        "now, event)\n  release(lease)\n",
        "now, event)\n",
    ),
    Mutant(
        "what is given back is dropped",
        "prelude",
        "    redis.call('RPUSH', list, message)\n  end\n  ring",
        "  end\n  ring",
    ),
    Mutant("what is given back still runs", "prelude", "  if state == 'running' then\n", "  if false then\n"),
    Mutant("a finish ends no lease", "finish", "  release(ARGV[4])\n", ""),
    Mutant("a late finish ends a job again", "finish", "if is_final(state) then", "if false then"),
    Mutant(
        "an end leaves its next try in the schedule",
        "prelude",
        "  leave_schedule(job_id, series)\n  if unique and",
        "  if unique and",
    ),
    Mutant(
        "an end keeps its key for ever",
        "prelude",
        "redis.call('EXPIRE', unique, window or L.ended_ttl_s)",
        "redis.call('PERSIST', unique)",
    ),
    Mutant("a job that died keeps its key", "prelude", "      redis.call('DEL', unique)\n", ""),
    Mutant("an end is not listed", "prelude", "  redis.call('ZADD', K.ended, now, job_id)\n", ""),
    Mutant(
        "a record is kept for ever",
        "prelude",
        "  redis.call('EXPIRE', record, state == 'done' and math.max(L.ended_ttl_s, window or 0) or L.ended_ttl_s)\n",
        "  redis.call('PERSIST', record)\n",
    ),
    Mutant("a postponement asks for no lease", "postpone", "if not holds(lease) then", "if false then"),
    Mutant("a postponement ends no lease", "postpone", _END_OF_RELEASE, "ensure_record"),
    Mutant("a postponement counts no try", "postpone", "ARGV[9] + 1,", "ARGV[9],"),
    Mutant(
        "a postponement goes on with what was asked to stop",
        "postpone",
        "if cancel == '1' then\n  end_job(job_id, 'cancelled', now, {'error', 'it was stopped'})\n  return 0",
        "if false then",
    ),
    Mutant(
        "a postponement is not written into the schedule",
        "prelude",
        "  redis.call('ZADD', K.schedule, due, job_id)\n",
        "",
    ),
    Mutant("a scheduled record expires", "prelude", "  redis.call('PERSIST', record)\n", ""),
    Mutant("a burial asks for no lease", "bury", "if not holds(lease) then", "if false then"),
    Mutant("a burial ends no lease", "bury", "  release(lease)\nend\nensure_record", "end\nensure_record"),
    Mutant(
        "a burial buries again",
        "bury",
        "if is_final(redis.call('HGET', K.record .. job_id, 'state')) then",
        "if false then",
    ),
    Mutant("a deferral asks for no lease", "defer", "or not holds(lease) then", "then"),
    Mutant("a deferral ends no lease", "defer", "  release(lease)\nend\nensure_record", "end\nensure_record"),
    Mutant(
        "a publication does not look for its id",
        "publish",
        "if redis.call('EXISTS', record) == 1 then",
        "if false then",
    ),
    Mutant(
        "a publication does not look for its key", "publish", "if standing and redis.call", "if false and redis.call"
    ),
    Mutant("a publication wakes nobody", "publish", "  ring(K.bell .. queue)\nend\nif schedule", "end\nif schedule"),
    Mutant("a publication knows no bound", "publish", "if ready and ready >= tonumber(ARGV[10]) then", "if false then"),
    Mutant(
        "a message of Celery's is accepted twice", "put", "tonumber(ARGV[8]) <= tonumber(publication or 0)", "false"
    ),
    Mutant(
        "a cancelled job stays in the schedule",
        "cancel",
        "  end_job(job_id, 'cancelled', now_ms(), {})\n",
        "  redis.call('HSET', record, 'state', 'cancelled')\n",
    ),
    Mutant(
        "a cancellation ends what runs",
        "cancel",
        "or state == 'ready' then\n  local",
        "or state == 'ready' or state == 'running' then\n  local",
    ),
    Mutant(
        "a crash of what had not begun is counted",
        "crashed",
        "if not has_begun(ARGV[1], job_id) then",
        "if false then",
    ),
    Mutant(
        "who leaves keeps what it held", "leave", "  returned = returned + give_back(lease, now, 'given_back')\n", ""
    ),
    Mutant("a heartbeat renews nothing", "renew", "  redis.call('ZADD', K.holders, now + lease_ms, holder)\n", ""),
    Mutant(
        "a heartbeat revives who had lost all",
        "renew",
        "local alive = redis.call('ZSCORE', K.holders, holder) and 1 or 0",
        "local alive = 1",
    ),
    Mutant(
        "a heartbeat does not find what was lost",
        "renew",
        "if number < arrived_below and not known[lease] then",
        "if false then",
    ),
    Mutant(
        "a heartbeat gives back what it knows",
        "renew",
        "if number < arrived_below and not known[lease] then",
        "if number < arrived_below then",
    ),
    Mutant(
        "a settlement gives back what runs", "settle", "not (unstarted and has_begun(lease, id_of(message)))", "true"
    ),
    Mutant(
        "a purge forgets its jobs",
        "purge",
        "    end_job(job_id, 'cancelled', now, {'error', 'its queue was purged'})\n",
        "",
    ),
    Mutant(
        "a rescheduled job keeps its old time",
        "prelude",
        "redis.call('HSET', record, 'ready_at', due, unpack(fields))",
        "redis.call('HSET', record, unpack(fields))",
    ),
    Mutant("a requeued letter is kept", "requeue_dead", "  redis.call('DEL', letter)\n", ""),
    Mutant("a requeued job is not pushed", "requeue_dead", "  redis.call('LPUSH', queue, message)\n", ""),
    Mutant("a discarded letter is kept", "discard_dead", "    redis.call('DEL', K.dead_letter .. job_id)\n", ""),
)
