-- id: misuse/past-allocation
-- class: misuse
-- severity: error
-- description: an operation reads or writes behind the end of the memory that its buffer lies in
-- look_alikes: an allocation that was made larger in a way that the hooks do not see; wrong.corruption; crash.cuda
-- advice: compare count and datatype with the size of the allocation: NCCL counts elements, and some operations need a block for every rank
-- symptom: incorrect_functionality
-- root_causes: api_misuse 0.9
-- references: NCCL api/colls.rst; rankle lint: nccl-count-in-bytes, nccl-datatype-mismatch
-- Allocators of frameworks give out pieces of large allocations: past the end of a piece is not seen, past the end of all is.
SELECT json_group_array(DISTINCT rank) AS ranks, communicator, op, min(seq) AS seq, min(t_s) AS at_s,
       json_group_array('rank ' || rank || printf(' at %.3f s: ', t_s) || op || ' ' || seq || CASE WHEN input THEN ' sends '
         ELSE ' receives ' END || count || ' bytes, of which ' || CASE WHEN beyond = 4294967295 THEN 'at least ' ELSE '' END
         || beyond || ' lie behind the end of its allocation') AS evidence,
       0.95 AS confidence,
       'rank ' || group_concat(DISTINCT rank) || ': ' || op || ' ' || min(seq) || CASE WHEN min(input) THEN ' reads '
         WHEN max(input) THEN ' reads and writes ' ELSE ' writes ' END || max(beyond)
         || ' bytes past the end of an allocation' AS summary
FROM misuses
WHERE kind = 'past_allocation' AND rank IS NOT NULL
GROUP BY communicator, op
