// onnxruntime, where its Python package is installed: a second process that is told what to run, on the same core.
#include "test/bench/compare/peers/Peer.h"

#include <nibble/runtime.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <cstdio>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace nibble::bench {
namespace {

using nlohmann::json;

/// The process. Requests and answers are lines of JSON.
class Process {
public:
  explicit Process(const std::string &python) {
    int down[2], up[2];
    if (pipe(down) || pipe(up))
      throw std::runtime_error("no pipe");
    std::signal(SIGPIPE, SIG_IGN); // a process that ended is an answer that does not come
    child = fork();
    if (child == 0) {
      dup2(down[0], 0);
      dup2(up[1], 1);
      for (int end : {down[0], down[1], up[0], up[1]})
        close(end);
      if (!freopen("/dev/null", "w", stderr))
        _exit(126);
      execlp(python.c_str(), python.c_str(), "-B", NIBBLE_BENCH_ORT_SCRIPT, static_cast<char *>(nullptr));
      _exit(127);
    }
    close(down[0]);
    close(up[1]);
    requests = fdopen(down[1], "w");
    answers = fdopen(up[0], "r");
    if (child < 0 || !requests || !answers)
      throw std::runtime_error("no second process");
  }
  ~Process() {
    std::fclose(requests); // the end of its input ends it
    std::fclose(answers);
    waitpid(child, nullptr, 0);
  }
  Process(const Process &) = delete;
  Process &operator=(const Process &) = delete;

  json read() {
    std::string line;
    for (int c = std::fgetc(answers); c != '\n'; c = std::fgetc(answers)) {
      if (c == EOF)
        throw std::runtime_error("onnxruntime's process has ended");
      line += static_cast<char>(c);
    }
    json answer = json::parse(line);
    if (answer.contains("error"))
      throw std::runtime_error(answer["error"].get<std::string>());
    return answer;
  }
  json ask(const json &request) {
    std::fprintf(requests, "%s\n", request.dump().c_str());
    std::fflush(requests);
    return read();
  }

private:
  pid_t child = -1;
  FILE *requests = nullptr, *answers = nullptr;
};

std::shared_ptr<Process> process;

/// A session of the process.
struct Session {
  explicit Session(const json &request) {
    const json answer = process->ask({{"make", request}});
    id = answer["id"];
    implementation = answer["implementation"];
  }
  ~Session() {
    try {
      process->ask({{"drop", id}});
    } catch (const std::exception &) {
      id = 0; // the process has ended: there is nothing to release
    }
  }
  int id = 0;
  std::string implementation;
};

json requestFor(const Case &c, const char *form) {
  const Shape &s = c.shape;
  return {{"form", form},     {"linear", s.linear()},
          {"batch", s.batch}, {"h", s.h},
          {"w", s.w},         {"c", s.c},
          {"o", s.o},         {"kh", s.kh},
          {"kw", s.kw},       {"groups", s.depthwise ? s.c : 1}};
}

Peer peerOf(const std::string &name, std::shared_ptr<Session> session) {
  Peer peer{name, session->implementation};
  peer.contestant.name = name;
  peer.contestant.run = [session] { process->ask({{"run", session->id}}); };
  peer.contestant.ownTimes = [session] {
    return process->ask({{"finish", session->id}})["seconds"].get<std::vector<double>>();
  };
  peer.owner = session;
  return peer;
}

Peer integers(const std::string &name, const Case &c, bool unsignedWeights) {
  json request = requestFor(c, "int");
  request["signed"] = c.operands.a.format != Format::Unsigned;
  request["unsigned_weights"] = unsignedWeights;
  request["per_channel"] = c.operands.w.perChannel;
  request["extreme"] = {highest(c.operands.a), highest(c.operands.w)};
  request["multiplier"] = extremeIntegers(c).multiplier;
  bool exact = false;
  {
    Session extreme(request);
    process->ask({{"run", extreme.id}});
    const int value = process->ask({{"middle", extreme.id}, {"at", middleOf(c.shape)}})["value"];
    exact = value == extremeResult;
  }
  request["extreme"] = nullptr;
  Peer peer = peerOf(name, std::make_shared<Session>(request));
  peer.exact = exact;
  return peer;
}

} // namespace

std::vector<Peer> onnxRuntimePeers(const Case &c, const Data &, const PeerOptions &) {
  std::vector<Peer> peers;
  if (c.operands.group) {
    json request = requestFor(c, "nbits");
    request["group_size"] = c.operands.group;
    request["accuracy"] = c.operands.a.format == Format::F32 ? 0 : 4;
    peers.push_back(peerOf("onnxruntime", std::make_shared<Session>(request)));
    return peers;
  }
  if (c.operands.a.format == Format::F32) {
    peers.push_back(peerOf("onnxruntime", std::make_shared<Session>(requestFor(c, "f32"))));
    return peers;
  }
  peers.push_back(integers("onnxruntime", c, false));
  // Its exact way, where the other one may saturate.
  if (peers.back().exact == false)
    peers.push_back(integers("onnxruntime-u8u8", c, true));
  return peers;
}

Library onnxRuntime(const PeerOptions &options) {
  if (!options.wide && nibble_cpu_has("avx512f"))
    return {"onnxruntime", "", "it cannot be limited to AVX2 on a CPU with AVX-512"};
  try {
    process = std::make_shared<Process>(options.python);
    return {"onnxruntime", process->read()["version"], "", onnxRuntimePeers};
  } catch (const std::exception &) {
    process.reset();
    return {"onnxruntime", "", "its Python package is not installed (or numpy is missing) for " + options.python};
  }
}

} // namespace nibble::bench
