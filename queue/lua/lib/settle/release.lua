-- release: gives an attempt back uncharged; `rank` is where it waits next, `failure` what is noted of it, if anything.
local function release(task, rank, failure)
  if task.cancelRequested then return finish(task, 'cancelled', { 'CANCELLED', 'The task was cancelled while it ran.', '' }) end
  remember(task, failure and cmsgpack.pack(failure))
  requeue(task, rank)
end
