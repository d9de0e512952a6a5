-- Whether a process listens to its inbox.
local function listens(name)
  return redis.call('PUBSUB', 'SHARDNUMSUB', P .. @inbox .. name)[2] > 0
end
