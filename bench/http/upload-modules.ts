/**
 * What both ways of taking an upload load, so that their heaps are alike: how often V8 collects the bytes that have passed
 * (they are outside its heap) depends on what a process has loaded far more than on who reads the form.
 */
import "express-ring";
import "express-ring/middleware";
import "multer";
