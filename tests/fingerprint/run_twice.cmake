# Runs PROGRAM twice in fresh processes and fails when what it prints is empty or differs.
foreach(run first second)
  execute_process(COMMAND ${PROGRAM} OUTPUT_VARIABLE ${run} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
if(first STREQUAL "" OR NOT first STREQUAL second)
  message(FATAL_ERROR "two runs differ, or say nothing:\n${first}\n${second}")
endif()
message("${first}")
