// The thread pool where JavaScript cannot reach: fork, several callers, resizing in between, jobs that start jobs.
// Compiled and run by scripts/sanitize.mjs; prints what failed and exits with 1, or nothing and 0.
#include "../thread_pool.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace {

using lathe::parallel;

void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "thread_pool_test: %s\n", what);
  std::_Exit(1);
}

// Every job once, whatever the number of jobs.
bool runsEachJobOnce(std::int64_t jobs) {
  std::vector<int> runs(static_cast<std::size_t>(jobs), 0);
  parallel(jobs, [&](std::int64_t job) { runs[static_cast<std::size_t>(job)]++; });
  for (const int count : runs) {
    if (count != 1) return false;
  }
  return true;
}

void callsInTurn() {
  for (std::int64_t jobs = 0; jobs < 300; jobs++) expect(runsEachJobOnce(jobs), "a job was left out or ran twice");
}

void nestedCalls() {
  std::atomic<int> inner{0};
  parallel(8, [&](std::int64_t) { parallel(8, [&](std::int64_t) { inner++; }); });
  expect(inner == 64, "a nested call lost jobs");
}

void callersSideBySide() {
  std::vector<std::thread> callers;
  std::atomic<bool> holds{true};
  for (int i = 0; i < 4; i++) {
    callers.emplace_back([&] {
      for (int repeat = 0; repeat < 200; repeat++) {
        if (!runsEachJobOnce(repeat % 37)) holds = false;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  expect(holds, "callers disturbed each other");
}

void resizing() {
  for (const std::int64_t threads : {1, 5, 2, 3, 3, 1, 4}) {
    lathe::setThreadCount(threads);
    expect(lathe::threadCount() == threads, "the thread count was not taken");
    for (int repeat = 0; repeat < 20; repeat++) expect(runsEachJobOnce(50), "a resized pool lost jobs");
  }
}

void childrenOfFork() {
  for (int i = 0; i < 5; i++) {
    expect(runsEachJobOnce(100), "before fork");
    const pid_t child = fork();
    if (child == 0) {
      expect(runsEachJobOnce(100), "in the child");
      _exit(0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a child of fork did not come through");
    expect(runsEachJobOnce(100), "after fork");
  }
}

void sleepersWake() {
  for (int i = 0; i < 5; i++) {
    usleep(2000);  // long enough for the workers to stop looking and sleep
    expect(runsEachJobOnce(64), "a sleeping pool lost jobs");
  }
}

}  // namespace

int main(int count, char**) {
  lathe::setThreadCount(4);
  callsInTurn();
  nestedCalls();
  callersSideBySide();
  resizing();
  sleepersWake();
  // The thread sanitizer does not follow a fork of a process with threads: any argument leaves that part out.
  if (count == 1) childrenOfFork();
  return 0;  // with the workers still there
}
