# poise_find_python(): sets Python_EXECUTABLE to the interpreter that has the scientific packages.
# Several python3 may stand on the PATH; Debian's packages belong to /usr/bin/python3 alone.

function(poise_find_python)
  if(Python_EXECUTABLE)
    set(candidates ${Python_EXECUTABLE})
  else()
    set(candidates /usr/bin/python3)
    string(REPLACE ":" ";" path "$ENV{PATH}")
    foreach(folder IN LISTS path)
      if(EXISTS ${folder}/python3)
        list(APPEND candidates ${folder}/python3)
      endif()
    endforeach()
    list(REMOVE_DUPLICATES candidates)
  endif()
  foreach(candidate IN LISTS candidates)
    execute_process(
      COMMAND ${candidate} -c "import numpy, pandas, sysconfig, pathlib; assert pathlib.Path(sysconfig.get_path('include'), 'Python.h').exists(), 'no Python.h (python3-dev)'"
      RESULT_VARIABLE failed ERROR_VARIABLE error OUTPUT_QUIET)
    if(NOT failed)
      set(Python_EXECUTABLE ${candidate} CACHE FILEPATH "The interpreter that the bindings are built for" FORCE)
      return()
    endif()
    string(REGEX REPLACE ".*\n([^\n]+)\n?$" "\\1" error "${error}")
    string(APPEND tried "\n  ${candidate}: ${error}")
  endforeach()
  message(FATAL_ERROR "No Python for the bindings. Tried:${tried}\n"
    "Install python3-dev python3-numpy python3-pandas (./dev setup does), name an interpreter with "
    "-DPython_EXECUTABLE=..., or build without them: -DPOISE_BINDINGS=OFF")
endfunction()
