package queue

import "github.com/redis/go-redis/v9"

// Every script is atomic and is given the same keys, all in one hash slot:
//
//	KEYS 1 waiting    sorted set, id by the time at which it becomes ready
//	     2 ready      sorted set, id by its deadline
//	     3 held       sorted set, id by the end of its lease
//	     4 deadlines  hash, id to deadline, for every id in the lane
//	     5 tokens     hash, id to token, for every id that is held
//
// An id is in exactly one of the sorted sets. Times are milliseconds of the
// Unix epoch, given as ARGV: no key expires, and a test may bring its own time.
// The tokens come from the claimers and are random: numbers counted in Redis
// would begin anew after a FLUSHALL, and an old holder's would match again.

// luaMakeReady moves ids to ready, with the deadlines that they have.
const luaMakeReady = `
local function make_ready(ids, no_deadline)
  if #ids == 0 then return end
  local deadlines = redis.call('HMGET', KEYS[4], unpack(ids))
  local scored = {}
  for i, id in ipairs(ids) do
    scored[#scored + 1] = deadlines[i] or no_deadline
    scored[#scored + 1] = id
  end
  redis.call('ZADD', KEYS[2], unpack(scored))
end
`

// luaOwn picks from ARGV, from index first on, the ids whose token is right.
const luaOwn = `
local function own(first)
  local ids, mine = {}, {}
  for i = first, #ARGV, 2 do ids[#ids + 1] = ARGV[i] end
  local tokens = redis.call('HMGET', KEYS[5], unpack(ids))
  for i, id in ipairs(ids) do
    if tokens[i] == ARGV[first + 2 * i - 1] then mine[#mine + 1] = id end
  end
  return mine
end
`

// putScript makes ids wait or be ready.
//
//	ARGV 1 now, 2 wake-up channel, then for each id: id, not before, deadline
//	returns nothing
//
// It always rings: who waits for a later id must hear of an earlier one. A token
// counts only while its id is in the set of held ones: a Redis that evicts keys
// may have lost the one and kept the other, and no lease would end the hold.
var putScript = redis.NewScript(`
local ids, deadlines = {}, {}
for i = 3, #ARGV, 3 do
  ids[#ids + 1] = ARGV[i]
  deadlines[#deadlines + 1] = ARGV[i]
  deadlines[#deadlines + 1] = ARGV[i + 2]
end
redis.call('HSET', KEYS[4], unpack(deadlines))
local tokens = redis.call('HMGET', KEYS[5], unpack(ids))
local due, due_scored, later, later_scored = {}, {}, {}, {}
for i, id in ipairs(ids) do
  if not (tokens[i] and redis.call('ZSCORE', KEYS[3], id)) then
    local at, deadline = ARGV[3 * i + 1], ARGV[3 * i + 2]
    if tonumber(at) <= tonumber(ARGV[1]) then
      due[#due + 1] = id
      due_scored[#due_scored + 1] = deadline
      due_scored[#due_scored + 1] = id
    else
      later[#later + 1] = id
      later_scored[#later_scored + 1] = at
      later_scored[#later_scored + 1] = id
    end
  end
end
if #due > 0 then
  redis.call('ZREM', KEYS[1], unpack(due))
  redis.call('ZADD', KEYS[2], unpack(due_scored))
end
if #later > 0 then
  redis.call('ZREM', KEYS[2], unpack(later))
  redis.call('ZADD', KEYS[1], unpack(later_scored))
end
redis.call('PUBLISH', ARGV[2], '')
return {}
`)

// claimScript holds the most urgent ready ids.
//
//	ARGV 1 now, 2 how many, 3 end of the lease, 4 token, 5 the score of no deadline
//	returns the ids, most urgent first
//
// At most 512 ids that have become due, and as many whose lease has run out,
// are made ready in one call, so that no call blocks Redis for long.
var claimScript = redis.NewScript(luaMakeReady + `
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, 512)
if #due > 0 then
  redis.call('ZREM', KEYS[1], unpack(due))
  make_ready(due, ARGV[5])
end
local late = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', ARGV[1], 'LIMIT', 0, 512)
if #late > 0 then
  redis.call('ZREM', KEYS[3], unpack(late))
  redis.call('HDEL', KEYS[5], unpack(late))
  make_ready(late, ARGV[5])
end
local ids = redis.call('ZRANGE', KEYS[2], 0, tonumber(ARGV[2]) - 1)
if #ids == 0 then return ids end
redis.call('ZREM', KEYS[2], unpack(ids))
local leases, tokens = {}, {}
for _, id in ipairs(ids) do
  leases[#leases + 1] = ARGV[3]
  leases[#leases + 1] = id
  tokens[#tokens + 1] = id
  tokens[#tokens + 1] = ARGV[4]
end
redis.call('ZADD', KEYS[3], unpack(leases))
redis.call('HSET', KEYS[5], unpack(tokens))
return ids
`)

// renewScript moves the ends of leases.
//
//	ARGV 1 the new end, then for each claim: id, token
//	returns the ids that are still held with that token
var renewScript = redis.NewScript(luaOwn + `
local mine = own(2)
if #mine == 0 then return mine end
local leases = {}
for _, id in ipairs(mine) do
  leases[#leases + 1] = ARGV[1]
  leases[#leases + 1] = id
end
redis.call('ZADD', KEYS[3], unpack(leases))
return mine
`)

// doneScript forgets ids.
//
//	ARGV for each claim: id, token
//	returns the ids that were held with that token
var doneScript = redis.NewScript(luaOwn + `
local mine = own(1)
if #mine == 0 then return mine end
redis.call('ZREM', KEYS[3], unpack(mine))
redis.call('HDEL', KEYS[4], unpack(mine))
redis.call('HDEL', KEYS[5], unpack(mine))
return mine
`)

// returnScript gives one id back.
//
//	ARGV 1 now, 2 wake-up channel, 3 id, 4 token, 5 not before, 6 the score of no deadline
//	returns the id when it was held with that token
var returnScript = redis.NewScript(luaMakeReady + `
local id = ARGV[3]
if redis.call('HGET', KEYS[5], id) ~= ARGV[4] then return {} end
redis.call('ZREM', KEYS[3], id)
redis.call('HDEL', KEYS[5], id)
if tonumber(ARGV[5]) <= tonumber(ARGV[1]) then
  make_ready({id}, ARGV[6])
else
  redis.call('ZADD', KEYS[1], ARGV[5], id)
end
redis.call('PUBLISH', ARGV[2], '')
return {id}
`)
