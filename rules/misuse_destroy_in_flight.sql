-- id: misuse/destroy-in-flight
-- class: misuse
-- severity: warning
-- description: a communicator was destroyed while operations on it still ran
-- look_alikes: hang.exit
-- advice: wait for the streams of the communicator, or call ncclCommFinalize and poll, before ncclCommDestroy
-- symptom: hang
-- root_causes: api_misuse 0.9
-- references: NCCL usage/communicators.rst; vllm#39846; rankle lint: nccl-destroy-in-flight
-- Confidence 0.85, because the end of an operation is a time of the device, the destroy one of the host.
SELECT json_group_array(DISTINCT rank) AS ranks, communicator, op, min(seq) AS seq, min(t_s) AS at_s,
       json_group_array('rank ' || rank || printf(' at %.3f s: ', t_s) || api || ' with ' || count
         || ' operations still running, from ' || op || ' ' || seq || ' on') AS evidence,
       0.85 AS confidence,
       'rank ' || group_concat(DISTINCT rank) || ' destroyed communicator ' || communicator || ' while ' || op || ' '
         || min(seq) || ' still ran' AS summary
FROM misuses
WHERE kind = 'destroyed_in_flight' AND rank IS NOT NULL
GROUP BY communicator, op
