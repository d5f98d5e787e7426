-- id: misuse/nonblocking-no-poll
-- class: misuse
-- severity: error
-- description: a nonblocking communicator was used before its last call was known to be through
-- look_alikes: crash.nccl
-- advice: poll ncclCommGetAsyncError until it answers something else than ncclInProgress, before the next call on the communicator
-- symptom: crash
-- root_causes: api_misuse 0.9
-- references: NCCL api/comms.rst (ncclCommGetAsyncError); rankle lint: nccl-nonblocking-no-poll
SELECT json_group_array(DISTINCT rank) AS ranks, communicator, op, min(seq) AS seq, min(t_s) AS at_s,
       json_group_array('rank ' || rank || printf(' at %.3f s: ', t_s) || api
         || CASE WHEN seq IS NULL THEN '' ELSE ' ' || seq END
         || ', and nobody had asked whether the call before, which answered ncclInProgress, was through') AS evidence,
       0.95 AS confidence,
       'rank ' || group_concat(DISTINCT rank) || ' called ' || api || ' on communicator ' || coalesce(communicator, '?')
         || ' while it may still have been in progress' AS summary
FROM misuses
WHERE kind = 'comm_not_ready' AND rank IS NOT NULL
GROUP BY communicator, api, op
