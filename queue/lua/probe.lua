#!lua flags=allow-oom
-- Whether Redis works for us. It writes nothing, but without the flag `no-writes` Redis refuses to run it wherever it refuses writes.
-- ARGV[1]  msgpack: commands with their arguments
-- reply    the names of those that an ACL forbids
local denied = {}
if redis.acl_check_cmd then
  for _, command in ipairs(cmsgpack.unpack(ARGV[1])) do
    if not redis.acl_check_cmd(unpack(command)) then denied[#denied + 1] = command[1] end
  end
end
return denied
