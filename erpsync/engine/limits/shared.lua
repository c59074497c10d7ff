-- One connection's limit in Redis: what state.py does, in one step for all workers, by the server's clock.
-- KEYS[1]: the connection's state. ARGV[1]: {do, rules, now?, and the fields of Ask or Ended}, as JSON.
-- Times are seconds; JSON keeps 14 digits of them, a tenth of a millisecond.

local call = cjson.decode(ARGV[1])
local rules = call.rules

local function given(value)  -- JSON's null is a value of its own here
  if value == nil or value == cjson.null then return nil end
  return value
end

local now = given(call.now)
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) + tonumber(time[2]) / 1000000
end

local kept = redis.call('GET', KEYS[1])
local state = kept and cjson.decode(kept) or {
  factor = 1, slowed_at = 0, free_at = 0, told_slots = 0, configured_slots = 0,
  buckets = {}, slots = {}, line = {}, minutes = {}, throttles = 0, pauses = 0, paused_seconds = 0, put_back = 0
}

local function count(members)
  local n = 0
  for _ in pairs(members) do n = n + 1 end
  return n
end

local function size_of(bucket)
  return bucket.burst or (bucket.base and bucket.base.burst) or 0
end

local function rate_of(bucket)
  return (bucket.per_second or (bucket.base and bucket.base.per_second) or 0) * state.factor
end

local function bucket_of(operation, rate)
  local bucket = state.buckets[operation]
  if not bucket then
    if not rate then return nil end
    bucket = {tokens = rate.burst, at = now, spread = 0, next_at = 0}
    state.buckets[operation] = bucket
  end
  bucket.base = rate
  if bucket.ends_at and bucket.ends_at <= now then
    bucket.tokens, bucket.at = size_of(bucket) + math.min(bucket.tokens, 0), bucket.ends_at
    bucket.per_second, bucket.ends_at, bucket.next_at = nil, nil, 0
    if not rate then
      state.buckets[operation] = nil
      return nil
    end
  end
  local grown = math.max(now - bucket.at, 0) * rate_of(bucket)
  bucket.tokens, bucket.at = math.min(bucket.tokens + grown, size_of(bucket)), now
  return bucket
end

local function due_in(bucket, tokens)
  local wait = 0
  if bucket.ends_at then
    local rest, line = bucket.ends_at - now, math.max(bucket.next_at - now, 0)
    if bucket.tokens < tokens then
      wait = rest
    elseif bucket.tokens <= bucket.spread then
      wait = line
      if tokens > 0 then wait = line + math.max(rest - line, 0) / (bucket.tokens + 1) end
    end
  elseif tokens > bucket.tokens then
    local rate = rate_of(bucket)
    wait = rate > 0 and (tokens - bucket.tokens) / rate or rules.max_wait_seconds
  end
  return math.ceil(wait * 1000 - 0.01) / 1000
end

local function keep_promise(bucket, cost)
  local promise = bucket.promise
  if promise and (promise['until'] <= now or (promise.since <= now and promise.tokens <= cost)) then
    bucket.tokens = bucket.tokens + promise.tokens
    bucket.promise = nil
  end
end

local function slot_limit()
  local limit = state.told_slots > 0 and state.told_slots or state.configured_slots
  return limit > 0 and math.max(math.floor(limit * state.factor), 1) or 0
end

local function forget()
  for id, slot in pairs(state.slots) do
    if slot['until'] <= now then state.slots[id] = nil end
  end
  for id, since in pairs(state.line) do
    if since + rules.line_seconds <= now then state.line[id] = nil end
  end
  for minute in pairs(state.minutes) do
    if tonumber(minute) * 60 <= now - 3600 then state.minutes[minute] = nil end
  end
end

local function enter(ask)
  forget()
  local limit, held = slot_limit(), count(state.slots)
  local may = limit == 0
  if limit > 0 and ask.background then
    local ours = 0
    for _, slot in pairs(state.slots) do
      if slot.background then ours = ours + 1 end
    end
    local share = math.max(math.floor(limit * (1 - rules.live_share)), 1)
    may = ours < share and held + count(state.line) < limit
  elseif limit > 0 then
    local since = state.line[ask.id] or now
    state.line[ask.id] = since
    local ahead = 0
    for id, other in pairs(state.line) do
      if other < since or (other == since and id < ask.id) then ahead = ahead + 1 end
    end
    may = ahead < limit - held
  end
  if may then
    state.line[ask.id] = nil
    state.slots[ask.id] = {['until'] = now + ask.lease_seconds, background = ask.background}
    return 0
  end
  return ask.patience_seconds >= rules.look_seconds and rules.look_seconds or rules.full_seconds
end

local function place(bucket, cost, patience)
  keep_promise(bucket, cost)
  local due = due_in(bucket, cost)
  if due_in(bucket, 0) > rules.queue_seconds then return math.max(due, patience + rules.look_seconds) end
  if patience < due and due <= rules.promise_seconds and not bucket.promise and not bucket.ends_at then
    bucket.promise = {tokens = cost, since = now + due, ['until'] = now + due + rules.promise_seconds}
    bucket.tokens = bucket.tokens - cost
  end
  return due
end

local function reserve(bucket, ask, wait)
  if not bucket then return 0, wait end
  local cost, may_take = math.min(ask.cost, size_of(bucket)), false
  if ask.background then
    wait = math.max(wait, due_in(bucket, math.max(cost, rules.live_share * size_of(bucket))))
    may_take = wait <= 0
  else
    wait = math.max(wait, place(bucket, cost, ask.patience_seconds))
    may_take = wait <= ask.patience_seconds
  end
  if not may_take then return nil, wait end
  bucket.tokens = bucket.tokens - cost
  if bucket.ends_at then bucket.next_at = math.max(bucket.next_at, now + wait) end
  return cost, wait
end

local function take(ask)
  state.configured_slots = ask.slots
  local bucket = bucket_of(ask.operation, given(ask.rate))
  local taken, wait = given(ask.taken), math.max(state.free_at - now, 0)
  if not taken then taken, wait = reserve(bucket, ask, wait) end
  if wait <= 0 then wait = enter(ask) end
  if wait <= 0 then
    state.paused_seconds = state.paused_seconds + ask.waited_seconds
    return {verdict = 'go', wait_seconds = 0, taken = taken}
  end
  if wait > ask.patience_seconds then
    state.line[ask.id] = nil
    state.put_back = state.put_back + 1
    state.paused_seconds = state.paused_seconds + ask.waited_seconds
    if bucket and taken then bucket.tokens = bucket.tokens + taken end
    return {verdict = 'put-back', wait_seconds = wait}
  end
  if ask.waited_seconds == 0 then state.pauses = state.pauses + 1 end
  return {verdict = 'wait', wait_seconds = wait, taken = taken}
end

local function slow_down()
  state.throttles = state.throttles + 1
  local minute = string.format('%d', math.floor(now / 60))
  state.minutes[minute] = (state.minutes[minute] or 0) + 1
  if now - state.slowed_at >= rules.slowdown_seconds then
    state.factor = math.max(state.factor * rules.slowdown, rules.least)
    state.slowed_at = now
  end
end

local function give(ended)
  state.slots[ended.id] = nil
  local lesson = given(ended.lesson)
  if not lesson then return end
  local bucket = bucket_of(ended.operation, given(ended.rate))
  local spent, wait, level = given(lesson.spent), given(lesson.wait_seconds), given(lesson.level)
  if bucket and spent then bucket.tokens = bucket.tokens + ended.taken - spent end
  if lesson.throttled then
    slow_down()
    if bucket then bucket.tokens = math.min(bucket.tokens, 0) end
  else
    state.factor = math.min(state.factor + rules.gain, 1)
  end
  if wait then state.free_at = math.max(state.free_at, now + math.min(wait, rules.max_wait_seconds)) end
  if level then
    if not bucket then
      bucket = {tokens = level.left, at = now, spread = 0, next_at = 0}
      state.buckets[ended.operation] = bucket
    end
    bucket.tokens = math.min(bucket.tokens, level.left)
    if level.ends_seconds then
      local most = bucket.ends_at and math.max(level.most, size_of(bucket)) or level.most
      bucket.per_second, bucket.burst, bucket.spread = 0, most, level.spread
      bucket.ends_at = now + level.ends_seconds
    else
      bucket.per_second, bucket.burst, bucket.ends_at = level.per_second, level.burst, nil
    end
  end
end

local answer = {}
if call['do'] == 'take' then
  answer = take(call)
elseif call['do'] == 'give' then
  give(call)
else
  state.told_slots = call.slots
end
redis.call('SET', KEYS[1], cjson.encode(state), 'EX', math.ceil(rules.keep_seconds + math.max(state.free_at - now, 0)))
return cjson.encode(answer)
